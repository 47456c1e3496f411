import { MayflyError } from '@mayfly/executor/errors'

/** The `.imzML` file (XML) is not usable; `code` is `E_IMZML_…`. */
export class ImzMLError extends MayflyError {}

/** The `.ibd` file (binary) is not usable or does not belong to the `.imzML`; `code` is `E_IBD_…`. */
export class IbdError extends MayflyError {}
