// Package picture draws a product where nobody has taken a photograph: its name, the sign of its category, and colours and a pattern of its
// own. The same product always looks the same. What it returns is SVG that runs no script and loads nothing.
package picture

import (
	"fmt"
	"hash/fnv"
	"html"
	"strings"
)

// Subject is what is drawn.
type Subject struct {
	SKU      string // chooses the colours and the pattern
	Name     string
	Category string // chooses the sign
}

// look is what makes one product's picture differ from the next one's.
type look struct {
	hue, shift int // degrees on the colour wheel
	pattern    string
	turn       int // its degrees
}

func lookOf(sku string, hue int) look {
	h := fnv.New64a()
	_, _ = h.Write([]byte(sku))
	n := h.Sum64()
	return look{
		hue:     hue + int(n%24) - 12,
		shift:   14 + int(n>>8%24),
		pattern: patterns[n>>16%uint64(len(patterns))],
		turn:    int(n >> 24 % 4 * 15),
	}
}

// patterns fill a tile of 24 by 24 with white strokes.
var patterns = []string{
	`<circle cx="12" cy="12" r="3"/>`,
	`<path d="M0 12H24" stroke-width="4"/>`,
	`<path d="M0 12Q6 4 12 12T24 12" fill="none" stroke-width="2"/>`,
	`<path d="M12 4V20M4 12H20" stroke-width="2"/>`,
	`<path d="M0 0H12V12H0ZM12 12H24V24H12Z"/>`,
	`<path d="M12 3L21 12L12 21L3 12Z" fill="none" stroke-width="2"/>`,
	`<circle cx="12" cy="12" r="8" fill="none" stroke-width="2"/>`,
}

// drawing is 480 by 360. Its texts are set in whatever the viewer has.
const drawing = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 480 360" role="img" aria-label="%[1]s">
<title>%[1]s</title>
<defs>
<linearGradient id="sky" x1="0" y1="0" x2="1" y2="1"><stop offset="0" stop-color="hsl(%[2]d 58%% 66%%)"/><stop offset="1" stop-color="hsl(%[3]d 52%% 44%%)"/></linearGradient>
<pattern id="weave" width="24" height="24" patternUnits="userSpaceOnUse" patternTransform="rotate(%[4]d)"><g fill="#fff" stroke="#fff" stroke-width="0">%[5]s</g></pattern>
</defs>
<rect width="480" height="360" fill="url(#sky)"/>
<rect width="480" height="360" fill="url(#weave)" opacity=".14"/>
<ellipse cx="240" cy="236" rx="96" ry="13" fill="hsl(%[3]d 45%% 20%%)" opacity=".25"/>
<circle cx="240" cy="146" r="98" fill="#fff" opacity=".92"/>
<g transform="translate(240 146) scale(1.25)" fill="none" stroke="hsl(%[3]d 48%% 32%%)" stroke-width="5" stroke-linecap="round" stroke-linejoin="round">%[6]s</g>
<g fill="#fff" text-anchor="middle" style="font-family:system-ui,sans-serif">%[7]s</g>
</svg>
`

// SVG draws the subject.
func SVG(s Subject) []byte {
	sign := signOf(s.Category)
	l := lookOf(s.SKU, sign.hue)
	return fmt.Appendf(nil, drawing, escape(s.Name), l.hue, l.hue+l.shift, l.turn, l.pattern, sign.lines, caption(s.Name))
}

// caption writes the name on one or two lines, the second of which ends where there is no more room.
func caption(name string) string {
	lines := wrap(name, 26, 2)
	var b strings.Builder
	for i, line := range lines {
		y := 318 + i*30 - (len(lines)-1)*18
		fmt.Fprintf(&b, `<text x="240" y="%d" style="font-size:26px;font-weight:600">%s</text>`, y, escape(line))
	}
	return b.String()
}

// wrap breaks a text at its blanks into lines of at most width characters; what does not fit ends in an ellipsis.
func wrap(text string, width, lines int) []string {
	out := []string{""}
	for word := range strings.FieldsSeq(text) {
		last := len(out) - 1
		joined := strings.TrimSpace(out[last] + " " + word)
		switch {
		case len([]rune(joined)) <= width:
			out[last] = joined
		case out[last] == "":
			out[last] = clip(word, width)
		case len(out) == lines:
			out[last] = clip(joined, width)
			return out
		default:
			out = append(out, clip(word, width))
		}
	}
	return out
}

func clip(text string, width int) string {
	if runes := []rune(text); len(runes) > width {
		return strings.TrimSpace(string(runes[:width-1])) + "…"
	}
	return text
}

// escape writes a text for XML: html.EscapeString knows its five characters, and the few that no XML may hold become a question mark.
func escape(text string) string {
	return html.EscapeString(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0xfffe || r == 0xffff {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(text, "?")))
}
