import { isIP } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { ActionDeps } from '../../../app/instances.ts'
import { endVastInstance, updateVastPorts, type VastReadDeps } from '../../../app/vast-instances.ts'
import type { AskVllm } from '../../../app/vast-vllm-health.ts'
import { PortNumber } from '../../v1/inputs.ts'
import { aboutInstance, InstancePath, instancesPath, onePath } from './instance-path.ts'
import { portMappings } from './instance-view.ts'

export type VastActionDeps = ActionDeps &
  VastReadDeps & { launches: Parameters<typeof updateVastPorts>[2]['launches']; askVllm: AskVllm }

const HealthBody = z.object({
  ip: z.string().refine((ip) => isIP(ip) !== 0, 'takes an IP address'),
  port: PortNumber,
})

export function vastActionRoutes(untyped: FastifyInstance, deps: VastActionDeps): void {
  const app = untyped.withTypeProvider<ZodTypeProvider>()
  const config = { access: 'operator' as const }
  const one = { config, schema: { hide: true, params: InstancePath } }

  app.delete(onePath, one, (request) =>
    aboutInstance(request, async (id, who) => {
      const { id: ours, status } = await endVastInstance(id, who, deps)
      const message =
        status === 'terminated'
          ? `인스턴스 '${ours}'이 삭제되었습니다.`
          : `인스턴스 '${ours}'의 삭제가 요청되었습니다. 마켓플레이스가 확인하면 상태가 destroyed로 바뀝니다.`
      return { success: true, message, instance_id: ours }
    }),
  )

  app.post(`${onePath}/update-ports`, one, (request) =>
    aboutInstance(request, async (id, who) => {
      const { instance, publicIp, endpoints } = await updateVastPorts(id, who, deps)
      return {
        success: true,
        instance_id: instance.id,
        public_ip: publicIp,
        port_mappings: portMappings(endpoints),
      }
    }),
  )

  app.post(
    `${instancesPath}/vllm-health`,
    {
      config: { ...config, known: Object.keys(HealthBody.shape) },
      schema: { hide: true, body: HealthBody },
    },
    async ({ body: { ip, port } }, reply) => {
      const health = await deps.askVllm({ ip, port })
      switch (health.kind) {
        case 'healthy':
          return { success: true, status: 'healthy', ip, port, message: 'vLLM serves' }
        case 'unhealthy':
          return { success: false, status: 'unhealthy', ip, port, message: `vLLM does not serve: ${health.why}` }
        case 'timeout':
          return reply.status(408).send({ detail: `${ip} did not answer on port ${port} within 10 seconds` })
      }
    },
  )
}
