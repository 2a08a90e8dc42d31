import { json } from '../../kit/controlled.ts'
import { type Call, contains, queryNumber, type Route } from '../call.ts'
import { clusters, cpuProducts, products } from '../market.ts'
import { invalid } from '../replies.ts'
import { billingMethods, clusterView, cpuProductView, productView } from '../views-v1.ts'

const base = '/gpu-instance/openapi/v1'

export const productRoutes: Route[] = [
  { method: 'GET', path: `${base}/products`, answer: listProducts },
  { method: 'GET', path: `${base}/cpu/products`, answer: listCpuProducts },
  {
    method: 'GET',
    path: `${base}/clusters`,
    answer: ({ world }) => json(200, { data: clusters.map((cluster) => clusterView(world, cluster)) }),
  },
]

function listProducts(call: Call) {
  const { world, query } = call
  const clusterId = query.get('clusterId') ?? ''
  const gpuNum = queryNumber(call, 'gpuNum', 0)
  if (gpuNum > 8) invalid('gpuNum must be between 0 and 8')
  const method = query.get('billingMethod') ?? ''
  if (!['', 'onDemand', 'monthly', 'spot'].includes(method)) invalid('billingMethod must be onDemand, monthly or spot')
  const found = products
    .filter((product) => !clusterId || product.stock[clusterId] !== undefined)
    .filter((product) => contains(product.name, query.get('productName')))
    .filter((product) => product.cpuPerGpu >= queryNumber(call, 'minCpuPerGpu', 0))
    .filter((product) => product.memoryPerGpu >= queryNumber(call, 'minMemoryPerGpu', 0))
    .filter((product) => product.diskPerGpu >= queryNumber(call, 'minRootFSSize', 0))
    .filter((product) => !method || billingMethods(product).some((one) => one === method))
  return json(200, { data: found.map((product) => productView(world, product, { clusterId, gpuNum })) })
}

function listCpuProducts({ world, query }: Call) {
  const clusterId = query.get('clusterId') ?? ''
  const found = cpuProducts
    .filter((product) => !clusterId || product.clusterIds.includes(clusterId))
    .filter((product) => contains(product.name, query.get('productName')))
  return json(200, { data: found.map((product) => cpuProductView(world, product)) })
}
