import { describeChecks } from './describe-checks.ts'

describeChecks('001')
