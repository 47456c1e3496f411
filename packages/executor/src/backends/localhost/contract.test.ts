import { backendContract } from '../contract.js'
import { contractParts } from '../contract-parts.js'

backendContract('localhost', contractParts())
