package product_test

import (
	"encoding/base64"
	"errors"
	"testing"

	"storefront/catalog/internal/product"
)

func TestParsePosition(t *testing.T) {
	t.Parallel()
	p := product.Product{ID: 7, Content: product.Content{Name: "Ä \"cup\"", Price: 900}}
	for _, sort := range append(product.Sorts(), product.ByID) {
		cursor := product.PositionOf(p, sort).String()
		if at, err := product.ParsePosition(cursor, sort); err != nil || at != product.PositionOf(p, sort) {
			t.Errorf("%q: %+v, %v", sort, at, err)
		}
		other := product.ByPrice
		if sort == other {
			other = product.ByName
		}
		if _, err := product.ParsePosition(cursor, other); !errors.Is(err, product.ErrPosition) {
			t.Errorf("cursor of %q in %q: %v, want ErrPosition", sort, other, err)
		}
	}
}

func TestParsePosition_refuses(t *testing.T) {
	t.Parallel()
	encode := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	for name, cursor := range map[string]string{
		"no base64":           "!",
		"padded":              base64.URLEncoding.EncodeToString([]byte(`{"s":"name","i":17}`)),
		"cut off":             encode(`{"s":"name","i":7}`)[:12],
		"nothing in it":       encode(""),
		"no object":           encode("7"),
		"no id":               encode(`{"s":"name"}`),
		"id 0":                encode(`{"s":"name","i":0}`),
		"id below":            encode(`{"s":"name","i":-1}`),
		"id too large":        encode(`{"s":"name","i":9223372036854775808}`),
		"id of another type":  encode(`{"s":"name","i":"7"}`),
		"more than it has":    encode(`{"s":"name","i":7,"x":1}`),
		"something behind it": encode(`{"s":"name","i":7}{}`),
		"NUL in the name":     encode(`{"s":"name","n":"a\u0000","i":7}`),
	} {
		if at, err := product.ParsePosition(cursor, product.ByName); !errors.Is(err, product.ErrPosition) {
			t.Errorf("%s: %+v, %v, want ErrPosition", name, at, err)
		}
	}
}

// A cursor that is read is one that a page could have given: its position gives it again, or an equal one.
func FuzzParsePosition(f *testing.F) {
	p := product.Product{ID: 7, Content: product.Content{Name: "Ä \"cup\"", Price: 900}}
	sorts := append(product.Sorts(), product.ByID)
	for i, sort := range sorts {
		f.Add(product.PositionOf(p, sort).String(), i)
		f.Add(product.Position{Sort: sort}.String(), i)
	}
	f.Add("", 0)
	f.Add(base64.RawURLEncoding.EncodeToString([]byte(`{"S":"name","i":7}`)), 0)
	f.Add(base64.RawURLEncoding.EncodeToString([]byte(`{"s":"price","p":-1,"i":7}`)), 2)
	f.Fuzz(func(t *testing.T, cursor string, n int) {
		sort := sorts[((n%len(sorts))+len(sorts))%len(sorts)]
		at, err := product.ParsePosition(cursor, sort)
		if err != nil {
			if !errors.Is(err, product.ErrPosition) {
				t.Errorf("%q: %v, want ErrPosition", cursor, err)
			}
			return
		}
		if again, err := product.ParsePosition(at.String(), sort); err != nil || again != at || at.ID <= 0 {
			t.Errorf("%q in %q is %+v; again %+v, %v", cursor, sort, at, again, err)
		}
	})
}
