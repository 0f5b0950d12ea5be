package picture_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"storefront/catalog/internal/picture"
)

func draw(name string) []byte {
	return picture.SVG(picture.Subject{SKU: "KIT-0001", Name: name, Category: "kitchen"})
}

// texts gives the texts of the text elements, or the error of what is no XML.
func texts(svg []byte) ([]string, error) {
	var drawing struct {
		XMLName xml.Name `xml:"http://www.w3.org/2000/svg svg"`
		Title   string   `xml:"title"`
		Lines   []string `xml:"g>text"`
		Scripts []string `xml:"script"`
	}
	dec := xml.NewDecoder(bytes.NewReader(svg))
	if err := dec.Decode(&drawing); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return append([]string{drawing.Title}, drawing.Lines...), nil
}

func TestSVG_names(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][]string{
		"Espresso cup":                      {"Espresso cup"},
		"Tea towel, set of three and more":  {"Tea towel, set of three", "and more"},
		strings.Repeat("long ", 20):         {"long long long long long", "long long long long long…"},
		strings.Repeat("ä", 40):             {strings.Repeat("ä", 25) + "…"},
		`</title><script>alert(1)</script>`: {"</title><script>alert(1)<…"},
		`" onload="alert(1)`:                {`" onload="alert(1)`},
		"a & b ' <c>":                       {"a & b ' <c>"},
		"]]> &amp; <!--":                    {"]]> &amp; <!--"},
		"\x00\x1b\xff\ufffe":                {"????"},
		"":                                  {""},
	} {
		got, err := texts(draw(name))
		if err != nil || strings.Join(got[1:], "|") != strings.Join(want, "|") {
			t.Errorf("%q is written as %q, %v; want %q", name, got, err, want)
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

func FuzzSVG(f *testing.F) {
	f.Add("Espresso cup", "kitchen", "KIT-0001")
	f.Add("</svg><script>", `"><script>`, "'")
	f.Fuzz(func(t *testing.T, name, category, sku string) {
		svg := picture.SVG(picture.Subject{SKU: sku, Name: name, Category: category})
		if _, err := texts(svg); err != nil || bytes.Contains(svg, []byte("<script")) {
			t.Errorf("SVG(%q) = %v\n%s", name, err, svg)
		}
	})
}
