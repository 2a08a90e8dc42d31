import { jsonSchemaTransformObject } from 'fastify-type-provider-zod'

type Document = ReturnType<typeof jsonSchemaTransformObject>

/**
 * Named schemas once each. The library writes every one for input and for output; ours serve one direction, so the
 * unused twin goes and the other keeps the plain name.
 */
export function withNamedSchemas(input: Parameters<typeof jsonSchemaTransformObject>[0]): Document {
  const document = jsonSchemaTransformObject(input) as Document & {
    components?: { schemas?: Record<string, unknown> }
  }
  let text = JSON.stringify(document)
  const names = Object.keys(document.components?.schemas ?? {})
  for (const name of names.filter((one) => one.endsWith('Input'))) {
    const plain = name.slice(0, -'Input'.length)
    if (refersTo(pathsOf(text), name) && !refersTo(pathsOf(text), plain)) {
      const parsed = JSON.parse(text)
      delete parsed.components.schemas[plain]
      text = JSON.stringify(parsed).replaceAll(`#/components/schemas/${name}"`, `#/components/schemas/${plain}"`)
      const renamed = JSON.parse(text)
      renamed.components.schemas[plain] = renamed.components.schemas[name]
      delete renamed.components.schemas[name]
      text = JSON.stringify(renamed)
    }
  }
  return withoutUnused(withOptionalBodies(JSON.parse(text)))
}

/** A body that may be null may be missing; the library requires every body that has a schema. */
function withOptionalBodies<T extends { paths?: unknown }>(document: T): T {
  const operations = Object.values((document.paths ?? {}) as Record<string, Record<string, unknown>>).flatMap((path) =>
    Object.values(path),
  )
  for (const operation of operations) {
    const { requestBody } = operation as { requestBody?: { required?: boolean; content?: unknown } }
    if (requestBody && JSON.stringify(requestBody.content).includes('{"type":"null"}')) requestBody.required = false
  }
  return document
}

function pathsOf(text: string): string {
  return JSON.stringify(JSON.parse(text).paths)
}

function refersTo(text: string, name: string): boolean {
  return text.includes(`"#/components/schemas/${name}"`)
}

function withoutUnused(document: Document & { components?: { schemas?: Record<string, unknown> } }): Document {
  const schemas = document.components?.schemas ?? {}
  for (let before = -1; before !== Object.keys(schemas).length; ) {
    before = Object.keys(schemas).length
    for (const name of Object.keys(schemas)) {
      const { [name]: _own, ...others } = schemas
      if (!refersTo(JSON.stringify({ paths: (document as { paths?: unknown }).paths, others }), name))
        delete schemas[name]
    }
  }
  return document
}
