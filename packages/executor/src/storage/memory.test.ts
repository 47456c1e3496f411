import { randomBytes } from 'node:crypto'
import { storageContract } from './contract.js'
import { Storage } from './storage.js'

storageContract('memory', { make: () => new Storage(`memory://${randomBytes(6).toString('hex')}`) })
