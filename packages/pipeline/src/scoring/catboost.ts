/**
 * CatBoost models of METASPACE-ML: oblivious trees over numbers, read from `.cbm` files and evaluated.
 *
 * File: `CBM1`, length (u32), then a FlatBuffer `TModelCore` (CatBoost, `catboost/libs/model/flatbuffers/model.fbs`).
 */
import { MayflyError } from '@mayfly/executor/errors'
import { FlatTable } from './flatbuffer.js'

/** Trees over numeric features; tree t tests `depth[t]` splits and owns 2^depth leaves. */
export interface CatBoostModel {
  /** Names of the features, in the order in which values are given. */
  features: string[]
  scale: number
  bias: number
  depth: Int32Array
  /** Feature and border of every split, tree after tree. */
  splitFeature: Uint16Array
  splitBorder: Float32Array
  /** Leaves, tree after tree. */
  leaves: Float64Array
  /** 1 for features of which a missing value lies above every border. */
  nanIsHigh: Uint8Array
}

const CORE = { version: 0, trees: 1 }
const TREES = {
  dimensions: 0,
  splits: 1,
  sizes: 2,
  starts: 3,
  categorical: 4,
  floats: 5,
  oneHot: 6,
  ctr: 7,
  leaves: 8,
  stepNodes: 10,
  nodeToLeaf: 11,
  text: 12,
  estimated: 13,
  scale: 14,
  bias: 15,
  multiBias: 16,
}
const FEATURE = { flatIndex: 2, borders: 3, name: 4, nan: 5 }
const NAN_AS_TRUE = 2
const VERSION = 'FlabuffersModel_v1'
const DEEPEST = 16

/**
 * Reads a `.cbm` file.
 * @throws MayflyError `E_MODEL_INVALID` when it is not one or is damaged, `E_MODEL_KIND` for models other than one number from
 * oblivious trees over numeric features.
 */
export function readCatBoost(bytes: Uint8Array, name = 'the model'): CatBoostModel {
  const invalid = (why: string, cause?: unknown) =>
    new MayflyError('E_MODEL_INVALID', `${name}: ${why}`, {
      hint: 'Give a CatBoost model saved in its own format (.cbm).',
      cause,
    })
  if (String.fromCharCode(...bytes.subarray(0, 4)) !== 'CBM1') throw invalid('it does not begin with CBM1')
  if (bytes.length < 8) throw invalid('it ends too early')
  const size = new DataView(bytes.buffer, bytes.byteOffset + 4, 4).getUint32(0, true)
  if (bytes.length < 8 + size) throw invalid(`it should have ${8 + size} bytes and has ${bytes.length}`)
  try {
    const core = FlatTable.root(bytes.subarray(8, 8 + size))
    if (core.string(CORE.version) !== VERSION) throw invalid(`its format is not ${VERSION}`)
    const trees = core.table(CORE.trees)
    if (!trees) throw invalid('it holds no trees')
    refuseOthers(trees, name)
    return modelOf(trees, invalid)
  } catch (error) {
    if (error instanceof RangeError) throw invalid('it is damaged', error)
    throw error
  }
}

function refuseOthers(trees: FlatTable, name: string): void {
  const kinds: [number, string][] = [
    [TREES.categorical, 'categorical features'],
    [TREES.oneHot, 'one-hot features'],
    [TREES.ctr, 'CTR features'],
    [TREES.stepNodes, 'trees that are not oblivious'],
    [TREES.nodeToLeaf, 'trees that are not oblivious'],
    [TREES.text, 'text features'],
    [TREES.estimated, 'estimated features'],
  ]
  const found = kinds.find(([id]) => trees.count(id) > 0)?.[1]
  const several = trees.int(TREES.dimensions, 1) > 1 ? 'several outputs' : undefined
  const what = found ?? several
  if (!what) return
  throw new MayflyError('E_MODEL_KIND', `${name} has ${what}, which scoring models of METASPACE do not have`, {
    hint: 'Train it on numeric features only, with symmetric trees and one output.',
  })
}

function modelOf(trees: FlatTable, invalid: (why: string) => MayflyError): CatBoostModel {
  const floats = trees.tables(TREES.floats)
  const order = [...floats].sort((a, b) => a.int(FEATURE.flatIndex) - b.int(FEATURE.flatIndex))
  const borders = floats.flatMap((feature) => {
    const index = order.indexOf(feature)
    return Array.from(feature.floats(FEATURE.borders), (border) => ({ index, border }))
  })
  const depth = trees.ints(TREES.sizes)
  const splits = trees.ints(TREES.splits)
  const leaves = trees.doubles(TREES.leaves)
  if (depth.some((levels) => levels < 0 || levels > DEEPEST)) throw invalid(`a tree is deeper than ${DEEPEST} levels`)
  if (splits.length !== depth.reduce((sum, levels) => sum + levels, 0)) throw invalid('its splits do not fit its trees')
  if (leaves.length !== depth.reduce((sum, levels) => sum + 2 ** levels, 0))
    throw invalid('its leaves do not fit its trees')
  if (splits.some((split) => split < 0 || split >= borders.length))
    throw invalid('a split names a border that is not there')
  const multi = trees.doubles(TREES.multiBias)
  return {
    features: order.map((feature) => feature.string(FEATURE.name)),
    scale: trees.double(TREES.scale, 1),
    bias: multi[0] ?? trees.double(TREES.bias),
    depth,
    splitFeature: Uint16Array.from(splits, (split) => borders[split]!.index),
    splitBorder: Float32Array.from(splits, (split) => borders[split]!.border),
    leaves,
    nanIsHigh: Uint8Array.from(order, (feature) => (feature.byte(FEATURE.nan) === NAN_AS_TRUE ? 1 : 0)),
  }
}

/**
 * The raw value of the model, bias + scale · Σ leaves: in each tree bit d of the leaf's number says whether the feature of split d,
 * as a float32, lies above its border.
 *
 * @param values one for each of `model.features`, in that order
 */
export function evaluate(model: CatBoostModel, values: ArrayLike<number>): number {
  const { depth, splitFeature, splitBorder, leaves, nanIsHigh } = model
  const rounded = Float32Array.from(values, (value, i) =>
    Number.isNaN(value) && nanIsHigh[i] === 1 ? Infinity : value,
  )
  let sum = 0
  let split = 0
  let leaf = 0
  for (const levels of depth) {
    let index = 0
    for (let d = 0; d < levels; d++, split++) {
      if (rounded[splitFeature[split]!]! > splitBorder[split]!) index |= 1 << d
    }
    sum += leaves[leaf + index]!
    leaf += 2 ** levels
  }
  return model.bias + model.scale * sum
}
