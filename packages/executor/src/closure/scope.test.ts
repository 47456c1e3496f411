import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { analyse } from './scope.js'

const free = (text: string) => analyse(text).free

describe('free names', () => {
  it.each<[string, string[]]>([
    ['(x) => x + y', ['y']],
    ['function f() { return f(g) }', ['g']],
    ['function f() { return arguments.length }', []],
    ['({ a, b: c = d, ...rest }, [e = a] = []) => [a, c, rest, e, z]', ['d', 'z']],
    ['(a = x) => { var x = 1; return a + x }', ['x']],
    ['() => { if (q) { var v = 1; let w = 2 } return v + w }', ['q', 'w']],
    ['() => { try { t() } catch { c() } finally { h() } }', ['t', 'c', 'h']],
    ['() => { try { t() } catch ({ m, n: [o] }) { return m + o + p } }', ['t', 'p']],
    ['() => { for (const i of list) for (let j = i; j < n; j++) k[i] = j; return i }', ['list', 'n', 'k', 'i']],
    ['() => { lab: for (;;) { break lab } }', []],
    ['() => ({ key: 1, short, [computed]: 2, method() { return inner } })', ['short', 'computed', 'inner']],
    ['(o) => o.prop.deep[index]?.call', ['index']],
    [
      'class A extends B { f = g; [k]() { return super.m(A, h) } static s = dropped; static { also(dropped) } #p = q }',
      ['g', 'k', 'h', 'q'],
    ],
    ['() => { class C extends D { static s = e } return C }', ['D', 'e']],
    ['() => { fn(); function fn() { return other } }', ['other']],
    ['() => { switch (v) { case w: let u = 1; return u; default: return u2 } }', ['v', 'w', 'u2']],
    ['method(x) { return this.y + z }', ['z']],
    ['get value() { return hidden }', ['hidden']],
    ['async *[Symbol.iterator]() { yield* list }', ['list']],
    ['#secret() { return this.#other + outer }', ['outer']],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the text of a template
    ['() => `${a}${`${b}`}` + tag`${c}`', ['a', 'b', 'tag', 'c']],
    ['async (x) => { for await (const y of x) await z(y) }', ['z']],
    ['() => typeof maybe', ['maybe']],
    ['() => { const { [key]: value = other } = object; return value }', ['key', 'other', 'object']],
    ['function () { return new.target && import.meta.url }', []],
    ['() => __nb.import("node:fs")', []],
  ])('%s', (text, names) => {
    expect([...free(text)].sort()).toEqual([...names].sort())
  })

  it('tells what is assigned', () => {
    const { written } = analyse('() => { a = 1; b += 2; c++; [d, e.f] = g; ({ h, i: [j] = k } = l); for (m of n); o }')
    expect([...written].sort()).toEqual(['a', 'b', 'c', 'd', 'h', 'j', 'm'])
  })

  it('marks shorthand mentions, which need the long form when renamed', () => {
    const { mentions } = analyse('() => ({ a, b: c })')
    expect(mentions.map(({ name, shorthand }) => [name, shorthand])).toEqual([
      ['a', true],
      ['c', false],
    ])
  })

  it('tells what an arrow function takes from the function around it', () => {
    expect(analyse('() => () => this').uses.this).toBe(true)
    expect(analyse('() => function () { return this }').uses.this).toBe(false)
    expect(analyse('() => class { x = this }').uses.this).toBe(false)
    expect(analyse('() => arguments[0]').uses.arguments).toBe(true)
    expect(analyse('() => new.target').uses.newTarget).toBe(true)
    expect(analyse('m() { return () => super.m() }').uses.super).toBe(true)
  })

  it('finds dynamic imports, the kernel’s too', () => {
    const { imports } = analyse('async (n) => [await import("a"), await __nb.import(`b`), await import(n)]')
    expect(imports.map(({ literal }) => literal)).toEqual(['a', 'b', undefined])
  })

  it('refuses what is not strict code, saying what', () => {
    expect(() => analyse('function () { with (a) b }')).toThrowError(
      expect.objectContaining({ code: 'E_CLOSURE_SYNTAX', message: expect.stringContaining('with') }),
    )
  })
})

const identifier = fc.constantFrom('a', 'b', 'c', 'd', 'e')
const expression = fc.letrec<{ any: string; arrow: string; block: string }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 4 },
    identifier,
    fc.tuple(tie('any'), tie('any')).map(([x, y]) => `(${x} + ${y})`),
    tie('arrow').map((arrow) => `(${arrow})`),
    tie('block'),
  ),
  arrow: fc.tuple(identifier, tie('any')).map(([name, body]) => `(${name}) => ${body}`),
  block: fc
    .tuple(identifier, tie('any'), tie('any'))
    .map(([name, value, rest]) => `(() => { { let ${name} = 1; void (${value}) } return ${rest} })()`),
})).any

describe('against the engine', () => {
  it('names exactly what the engine looks up outside', () => {
    fc.assert(
      fc.property(expression, (body) => {
        const text = `() => ${body.startsWith('{') ? `(${body})` : body}`
        const analysis = analyse(text)
        // Bound by parameters, a function that needs nothing more has no free names left.
        const bound = `(${analysis.free.join(', ')}) => (${text})`
        expect(analyse(bound).free).toEqual([])
        for (const { name, start, end } of analysis.mentions) expect(text.slice(start, end)).toBe(name)
        // Each free name is needed: without it, another is missing.
        for (const name of analysis.free) {
          const others = analysis.free.filter((each) => each !== name)
          expect(analyse(`(${others.join(', ')}) => (${text})`).free).toEqual([name])
        }
      }),
    )
  })
})
