// Gives the faults of the page that is shown now, each as {rule, where, detail}. It reads styles as the browser computed them.
(() => {
  const faults = []
  const all = (css, root = document) => [...root.querySelectorAll(css)]
  const seen = e => e.checkVisibility({ visibilityProperty: true }) && e.getClientRects().length > 0
  const words = text => (text || "").replace(/\s+/g, " ").trim()
  const where = e => `<${e.tagName.toLowerCase()}${e.id ? " id=" + e.id : ""}${e.className && e.className.baseVal === undefined ? " class=" + e.className : ""}> ${JSON.stringify(words(e.textContent).slice(0, 40))}`
  const fault = (rule, e, detail = "") => faults.push({ rule, where: e ? where(e) : "the page", detail })

  // The frame: language, title, headings, landmarks, zoom.
  if (!document.documentElement.lang) fault("lang", null)
  if (!words(document.title)) fault("title", null)
  const headings = all("h1, h2, h3, h4, h5, h6").filter(seen)
  const h1s = headings.filter(h => h.tagName === "H1").length
  if (h1s !== 1) fault("h1", null, `${h1s} of them`)
  headings.reduce((level, h) => {
    if (+h.tagName[1] > level + 1) fault("heading order", h, `after h${level}`)
    return +h.tagName[1]
  }, 0)
  const mains = all("main, [role=main]").filter(seen).length
  if (mains !== 1) fault("main", null, `${mains} of them`)
  const navs = all("nav").filter(seen)
  for (const n of navs) if (navs.length > 1 && !n.getAttribute("aria-label") && !n.getAttribute("aria-labelledby")) fault("landmark name", n)
  for (const e of all("body *").filter(e => seen(e) && words([...e.childNodes].filter(n => n.nodeType === 3).map(n => n.data).join(""))))
    if (!e.closest("main, header, footer, nav, aside, a[href^='#'], script, style, option")) fault("outside landmarks", e)
  if (/user-scalable\s*=\s*no|maximum-scale\s*=\s*1\b/.test(document.querySelector("meta[name=viewport]")?.content)) fault("zoom", null)
  for (const e of all("[tabindex]")) if (e.tabIndex > 0) fault("tabindex", e)

  // Ids, and what points to them.
  const ids = new Map()
  for (const e of all("[id]")) ids.set(e.id, (ids.get(e.id) || 0) + 1)
  for (const [id, n] of ids) if (n > 1) fault("duplicate id", document.getElementById(id), `${n} of them`)
  for (const name of ["for", "aria-labelledby", "aria-describedby", "aria-controls"])
    for (const e of all(`[${name}]`))
      for (const id of e.getAttribute(name).split(/\s+/)) if (!ids.has(id)) fault("dangling id", e, `${name}=${id}`)

  // Names of pictures and controls.
  for (const e of all("img")) if (!e.hasAttribute("alt")) fault("alt", e, e.getAttribute("src"))
  const controls = all("a[href], button, input:not([type=hidden]), select, textarea, summary, iframe, [tabindex='0']").filter(seen)
  const byIDs = list => (list || "").split(/\s+/).map(id => words(document.getElementById(id)?.textContent)).join(" ").trim()
  const name = e => words(e.getAttribute("aria-label")) || byIDs(e.getAttribute("aria-labelledby")) || words([...(e.labels || [])].map(l => l.textContent).join(" ")) ||
    (/^(A|BUTTON|SUMMARY)$/.test(e.tagName) ? words(e.textContent) || words(all("img", e).map(i => i.alt).join(" ")) : "") || words(e.title)
  for (const e of controls) if (!name(e)) fault("name", e)
  for (const e of all("fieldset").filter(seen)) if (!words(e.querySelector("legend")?.textContent)) fault("legend", e)
  for (const e of all("table").filter(seen)) if (!e.querySelector("th[scope]")) fault("table header", e)

  // Contrast (WCAG 1.4.3, 1.4.11), of colours as they lie one over the other.
  const colour = text => { const n = (text.match(/[\d.]+/g) || []).map(Number); return { r: n[0], g: n[1], b: n[2], a: n[3] ?? 1 } }
  const over = (top, under) => { const mix = k => top[k] * top.a + under[k] * (1 - top.a); return { r: mix("r"), g: mix("g"), b: mix("b"), a: 1 } }
  const canvas = matchMedia("(prefers-color-scheme: dark)").matches ? { r: 18, g: 18, b: 18, a: 1 } : { r: 255, g: 255, b: 255, a: 1 }
  const behind = e => !e ? canvas : over(colour(getComputedStyle(e).backgroundColor), behind(e.parentElement))
  const light = c => { const f = v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; return 0.2126 * f(c.r) + 0.7152 * f(c.g) + 0.0722 * f(c.b) }
  const ratio = (x, y) => { const [hi, lo] = [light(x), light(y)].sort((p, q) => q - p); return (hi + 0.05) / (lo + 0.05) }
  const contrast = (e, ink, paper, least) => { const got = ratio(over(ink, paper), paper); if (got < least) fault("contrast", e, `${got.toFixed(2)}, want ${least}`) }
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  const inked = new Set(all("input:not([type=hidden]):not([type=radio]):not([type=checkbox]), select, textarea").filter(seen))
  while (texts.nextNode()) if (words(texts.currentNode.data) && seen(texts.currentNode.parentElement)) inked.add(texts.currentNode.parentElement)
  for (const e of inked) {
    const s = getComputedStyle(e), size = parseFloat(s.fontSize)
    if (e.disabled || e.closest("option, noscript")) continue
    contrast(e, colour(s.color), behind(e), size >= 24 || size >= 18.66 && s.fontWeight >= 700 ? 3 : 4.5)
    if (/^(INPUT|SELECT|TEXTAREA)$/.test(e.tagName) && parseFloat(s.borderTopWidth) > 0) contrast(e, colour(s.borderTopColor), behind(e.parentElement), 3)
  }

  // Targets of 24 by 24 pixels (WCAG 2.5.8), or with as much room that nothing else answers there. Words in a sentence are exempt.
  const answers = (x, y) => { const e = document.elementFromPoint(x, y); return e?.closest("a[href], button, input, select, textarea, summary") || e?.closest("label")?.control }
  const around = [[12, 0], [-12, 0], [0, 12], [0, -12], [8, 8], [-8, 8], [8, -8], [-8, -8]]
  for (const e of controls.filter(e => e.tagName !== "IFRAME")) {
    const r = e.getBoundingClientRect()
    const inSentence = getComputedStyle(e).display === "inline" && words(e.parentElement.textContent) !== words(e.textContent)
    if (r.width >= 24 && r.height >= 24 || inSentence || r.bottom < 0) continue
    e.scrollIntoView({ block: "center" })
    const at = e.getBoundingClientRect(), x = at.x + at.width / 2, y = at.y + at.height / 2
    if (around.some(([dx, dy]) => (answers(x + dx, y + dy) || e) !== e)) fault("target size", e, `${Math.round(at.width)} by ${Math.round(at.height)}, beside another`)
  }
  scrollTo(0, 0)

  // Nothing runs out of the window at the side (WCAG 1.4.10).
  const wide = document.scrollingElement.scrollWidth
  if (wide > innerWidth) fault("overflow", null, `${wide} pixels in ${innerWidth}`)
  return faults
})()
