import { seedsHold } from './seeds-hold.ts'

seedsHold({ from: 100, count: 50 })
