// Package picture draws a product where nobody has taken a photograph: a quilt of plain shapes around the sign of its category. The
// category chooses the colours, the product how the patches lie: the same one always looks the same, and no two on a shelf look alike.
// What it returns is SVG that runs no script and loads nothing.
package picture

import (
	"crypto/sha256"
	"fmt"
	"html"
	"strings"
)

// Subject is what is drawn.
type Subject struct {
	SKU      string // chooses the patches
	Name     string // is what a screen reader reads
	Category string // chooses the sign and the colours
}

// Edition changes whenever pictures come out otherwise than before, so that nobody keeps the old ones.
const Edition = 2

// The picture is a quilt of 4 by 3 patches, the sign on one of 2 by 2.
const (
	columns, rows = 4, 3
	side          = 120
)

// patches are shapes in a square of 120, which is turned by quarters.
var patches = []string{
	`<path d="M0 0H120A120 120 0 0 1 0 120Z"/>`,                                                    // a quarter of a disc
	`<path d="M0 60A60 60 0 0 1 120 60Z"/>`,                                                        // a half
	`<circle cx="60" cy="60" r="42"/>`,                                                             // a whole one
	`<path d="M0 120L120 0V120Z"/>`,                                                                // half a square
	`<path d="M0 0A120 120 0 0 1 120 120A120 120 0 0 1 0 0Z"/>`,                                    // a leaf
	`<path d="M18 120V60A42 42 0 0 1 102 60V120Z"/>`,                                               // an arch
	`<path d="M0 0H120V24H0ZM0 48H120V72H0ZM0 96H120V120H0Z"/>`,                                    // stripes
	`<path d="M0 120V80A40 40 0 0 1 40 120ZM0 60V20A100 100 0 0 1 100 120H60A60 60 0 0 0 0 60Z"/>`, // waves
	`<path d="M0 0L60 60L0 120ZM120 0L60 60L120 120Z"/>`,                                           // a bow
	``, // plain cloth
}

// drawing is 480 by 360.
const drawing = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 480 360" role="img" aria-label="%[1]s">
<title>%[1]s</title>
<rect width="480" height="360" fill="%[2]s"/>
%[3]s<g transform="translate(%[4]d %[5]d)"><rect width="240" height="240" fill="%[2]s"/><circle cx="120" cy="120" r="108" fill="%[6]s"/><g transform="translate(120 120) scale(1.4)" fill="none" stroke="%[7]s" stroke-width="4.5" stroke-linecap="round" stroke-linejoin="round">%[8]s</g></g>
</svg>
`

// SVG draws the subject.
func SVG(s Subject) []byte {
	sign := signOf(s.Category)
	chance := sha256.Sum256([]byte(s.SKU))
	cloth := clothOf(sign.hue, chance[0])
	left, top := int(chance[1]%(columns-1)), int(chance[2]%(rows-1))
	return fmt.Appendf(nil, drawing, escape(s.Name), cloth.ground, quilt(cloth, chance[3:], left, top), left*side, top*side, cloth.paper, cloth.ink, sign.lines)
}

// cloth is the colours of one picture.
type cloth struct {
	ground, paper, ink string
	dyes               []string
}

// clothOf gives the colours around a hue, a little off it for each product, and one from across the colour wheel.
func clothOf(hue int, chance byte) cloth {
	hue += int(chance%5)*8 - 16
	across := hue + 150 + int(chance>>4)*4
	dye := func(hue, saturation, light int) string {
		return fmt.Sprintf("hsl(%d %d%% %d%%)", (hue+360)%360, saturation, light)
	}
	return cloth{
		ground: dye(hue, 34, 83), paper: dye(hue, 50, 97), ink: dye(hue, 38, 27),
		dyes: []string{dye(hue, 38, 62), dye(hue+14, 36, 45), dye(across, 32, 60), dye(hue, 30, 29), dye(hue-16, 44, 77), dye(hue, 42, 90)},
	}
}

// quilt sews the patches around the place of the sign, each by a byte of chance for its shape and one for how it lies.
func quilt(c cloth, chance []byte, left, top int) string {
	var b strings.Builder
	for i := range columns * rows {
		x, y := i%columns, i/columns
		if x >= left && x < left+2 && y >= top && y < top+2 {
			continue
		}
		shape, lie := int(chance[2*i]), int(chance[2*i+1])
		under, over := shape/16%len(c.dyes), lie/4%len(c.dyes)
		if over == under {
			over = (over + 1) % len(c.dyes)
		}
		fmt.Fprintf(&b, `<g transform="translate(%d %d)"><rect width="120" height="120" fill="%s"/><g transform="rotate(%d 60 60)" fill="%s">%s</g></g>`+"\n",
			x*side, y*side, c.dyes[under], lie%4*90, c.dyes[over], patches[shape%len(patches)])
	}
	return b.String()
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
