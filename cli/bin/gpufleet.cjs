#!/usr/bin/env node
// biome-ignore-all lint/style/useNodejsImportProtocol: an old Node does not know it
// biome-ignore-all lint/complexity/useArrowFunction: nor this
// biome-ignore-all lint/style/useTemplate: nor this
// Starts the CLI on a Node.js that can run it. Old syntax on purpose: an old Node has to be able to read this file.
'use strict'

var fs = require('fs')
var path = require('path')

var root = path.join(__dirname, '..', '..')
var main = path.join(root, 'cli', 'src', 'main.ts')
var bundled = path.join(root, 'node_modules', '.bin', 'node')

if (Number(process.versions.node.split('.')[0]) >= 24) {
  require(main)
} else if (fs.existsSync(bundled)) {
  runOn(bundled)
} else {
  console.error('error: gpufleet needs Node.js 24 or newer; this is ' + process.version)
  console.error(
    'fix:   install Node.js 24, or run `npm ci --ignore-scripts` in ' + root + ', which brings one on Linux',
  )
  process.exit(1)
}

function runOn(node) {
  var child = require('child_process').spawn(node, [main].concat(process.argv.slice(2)), { stdio: 'inherit' })
  // A terminal sends Ctrl-C to both of us; anybody else only to this process.
  process.on('SIGINT', function () {
    if (!process.stdin.isTTY) child.kill('SIGINT')
  })
  process.on('SIGTERM', function () {
    child.kill('SIGTERM')
  })
  child.on('error', function (error) {
    console.error('error: ' + node + ' cannot be started: ' + error.message)
    process.exit(1)
  })
  child.on('exit', function (code, signal) {
    if (signal === null) process.exit(code)
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
}
