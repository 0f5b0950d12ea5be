package picture_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"

	"storefront/catalog/internal/picture"
)

func draw(name string) []byte {
	return picture.SVG(picture.Subject{SKU: "KIT-0001", Name: name, Category: "kitchen"})
}

// parsed is what the tests look at.
type parsed struct {
	XMLName xml.Name `xml:"http://www.w3.org/2000/svg svg"`
	Label   string   `xml:"aria-label,attr"`
	Title   string   `xml:"title"`
	Groups  []struct {
		Transform string `xml:"transform,attr"`
	} `xml:"g"`
}

func parse(svg []byte) (p parsed, err error) {
	dec := xml.NewDecoder(bytes.NewReader(svg))
	if err := dec.Decode(&p); err != nil {
		return p, err
	}
	if _, err := dec.Token(); err != nil && !errors.Is(err, io.EOF) {
		return p, err
	}
	return p, nil
}

func TestSVG_names(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Espresso cup":                      "Espresso cup",
		strings.Repeat("ä", 40):             strings.Repeat("ä", 40),
		`</title><script>alert(1)</script>`: `</title><script>alert(1)</script>`,
		`" onload="alert(1)`:                `" onload="alert(1)`,
		"a & b ' <c>":                       "a & b ' <c>",
		"]]> &amp; <!--":                    "]]> &amp; <!--",
		"\x00\x1b\xff\ufffe":                "????",
		"":                                  "",
	} {
		got, err := parse(draw(name))
		if err != nil || got.Title != want || got.Label != want {
			t.Errorf("%q is called %q and %q, %v; want %q", name, got.Title, got.Label, err, want)
		}
	}
}

// A picture is whole: the sign, and patches all around it, each in its place.
func TestSVG_isCovered(t *testing.T) {
	t.Parallel()
	for i := range 50 {
		p, err := parse(picture.SVG(picture.Subject{SKU: fmt.Sprint("SKU-", i), Category: "home"}))
		if err != nil {
			t.Fatal(err)
		}
		places := map[string]bool{}
		for _, g := range p.Groups {
			places[g.Transform] = true
		}
		if len(p.Groups) != 9 || len(places) != 9 {
			t.Errorf("picture %d has %d groups in %d places, want eight patches and the sign: %v", i, len(p.Groups), len(places), places)
		}
	}
}

func TestSVG_sameForTheSameProductAlone(t *testing.T) {
	t.Parallel()
	a := picture.Subject{SKU: "KIT-0001", Name: "Cup", Category: "kitchen"}
	if !bytes.Equal(picture.SVG(a), picture.SVG(a)) {
		t.Error("the same product looks different")
	}
	for what, other := range map[string]picture.Subject{
		"SKU":      {SKU: "KIT-0002", Name: "Cup", Category: "kitchen"},
		"name":     {SKU: "KIT-0001", Name: "Mug", Category: "kitchen"},
		"category": {SKU: "KIT-0001", Name: "Cup", Category: "office"},
	} {
		if bytes.Equal(picture.SVG(a), picture.SVG(other)) {
			t.Errorf("another %s looks the same", what)
		}
	}
}

// Products of one shelf are told apart: what is drawn differs, and not by the name alone.
func TestSVG_noTwoAlike(t *testing.T) {
	t.Parallel()
	seen := map[string]int{}
	for i := range 200 {
		svg := string(picture.SVG(picture.Subject{SKU: fmt.Sprintf("KIT-%04d", i), Name: "Cup", Category: "kitchen"}))
		if first, ok := seen[svg]; ok {
			t.Errorf("products %d and %d look alike", first, i)
		}
		seen[svg] = i
	}
}

// The browser can draw every colour: a hue of a picture stays on the colour wheel, whatever the category is called.
func TestSVG_colours(t *testing.T) {
	t.Parallel()
	colour := regexp.MustCompile(`"hsl\((-?\d+) (\d+)% (\d+)%\)"`)
	for _, category := range []string{"kitchen", "bicycle", "garden", "", "toys", "no such shelf"} {
		for i := range 20 {
			svg := string(picture.SVG(picture.Subject{SKU: fmt.Sprint(i), Category: category}))
			if n := strings.Count(svg, "hsl("); n == 0 || n != len(colour.FindAllString(svg, -1)) {
				t.Fatalf("%q: %d colours, of which %d can be read", category, n, len(colour.FindAllString(svg, -1)))
			}
			for _, m := range colour.FindAllStringSubmatch(svg, -1) {
				var hue int
				if _, err := fmt.Sscan(m[1], &hue); err != nil || hue < 0 || hue >= 360 {
					t.Errorf("%q: hue %s", category, m[1])
				}
			}
		}
	}
}

func FuzzSVG(f *testing.F) {
	f.Add("Espresso cup", "kitchen", "KIT-0001")
	f.Add("</svg><script>", `"><script>`, "'")
	f.Fuzz(func(t *testing.T, name, category, sku string) {
		svg := picture.SVG(picture.Subject{SKU: sku, Name: name, Category: category})
		if _, err := parse(svg); err != nil || bytes.Contains(svg, []byte("<script")) {
			t.Errorf("SVG(%q) = %v\n%s", name, err, svg)
		}
	})
}
