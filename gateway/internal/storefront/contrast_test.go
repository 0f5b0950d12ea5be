package storefront_test

import (
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// palettes reads the colour tokens of the stylesheet, by scheme.
func palettes(t testing.TB) map[string]map[string]string {
	t.Helper()
	css, err := os.ReadFile("static/shop.css")
	if err != nil {
		t.Fatal(err)
	}
	light, dark, found := strings.Cut(string(css), "@media (prefers-color-scheme: dark)")
	if !found {
		t.Fatal("the stylesheet has no dark scheme")
	}
	token := regexp.MustCompile(`--([a-z-]+): (#[0-9a-f]{6});`)
	read := func(text string) map[string]string {
		colours := map[string]string{}
		for _, m := range token.FindAllStringSubmatch(text, -1) {
			colours[m[1]] = m[2]
		}
		return colours
	}
	schemes := map[string]map[string]string{"light": read(light), "dark": read(dark)}
	for name := range schemes["light"] {
		if schemes["dark"][name] == "" {
			t.Errorf("--%s has no dark colour", name)
		}
	}
	return schemes
}

// luminance is that of WCAG 2.2.
func luminance(t testing.TB, colour string) float64 {
	t.Helper()
	var sum float64
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(colour[1+2*i:3+2*i], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		c := float64(n) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}

func contrast(t testing.TB, a, b string) float64 {
	t.Helper()
	x, y := luminance(t, a), luminance(t, b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// The pairs that the stylesheet puts together: texts need 4.5 (WCAG 1.4.3), what shows a control or the focus 3 (1.4.11).
func TestContrast(t *testing.T) {
	t.Parallel()
	const texts, parts = 4.5, 3.0
	pairs := []struct {
		least  float64
		colour string
		on     []string
	}{
		{texts, "ink", []string{"paper", "card", "sunk"}},
		{texts, "paper", []string{"ink"}},
		{texts, "soft", []string{"paper", "card"}},
		{texts, "accent", []string{"paper", "card"}},
		{texts, "accent-strong", []string{"paper", "card"}},
		{texts, "on-accent", []string{"accent", "accent-strong"}},
		{texts, "good", []string{"good-wash", "paper", "card"}},
		{texts, "warn", []string{"warn-wash"}},
		{texts, "bad", []string{"bad-wash", "paper", "card"}},
		{parts, "edge", []string{"paper", "card"}},
		{parts, "focus", []string{"paper", "card", "sunk", "good-wash", "warn-wash", "bad-wash"}},
		{parts, "accent", []string{"sunk"}},
	}
	used := []string{"line"} // between rows, where the space does it too
	for scheme, colours := range palettes(t) {
		for _, pair := range pairs {
			used = append(append(used, pair.colour), pair.on...)
			for _, on := range pair.on {
				if got := contrast(t, colours[pair.colour], colours[on]); got < pair.least {
					t.Errorf("%s: %s on %s is %.2f, want %.1f", scheme, pair.colour, on, got, pair.least)
				}
			}
		}
		for name := range colours {
			if !slices.Contains(used, name) {
				t.Errorf("--%s is in no pair", name)
			}
		}
	}
	if got := contrast(t, "#767676", "#ffffff"); math.Abs(got-4.54) > 0.01 {
		t.Errorf("the contrast of #767676 and white is %.3f, want 4.54", got)
	}
}

// A colour that stands outside the tokens would escape the test, and the dark scheme.
func TestColours_areTokens(t *testing.T) {
	t.Parallel()
	css, err := os.ReadFile("static/shop.css")
	if err != nil {
		t.Fatal(err)
	}
	_, rules, found := strings.Cut(string(css), "/* Scales")
	if !found {
		t.Fatal("the stylesheet has no rules")
	}
	if odd := regexp.MustCompile(`#[0-9a-fA-F]{3,8}\b|rgb|hsl|: ?(white|black|grey|gray)\b`).FindAllString(rules, -1); odd != nil {
		t.Errorf("colours that are no tokens: %v", odd)
	}
	if strings.Contains(rules, "@import") || strings.Contains(rules, "url(") {
		t.Error("the stylesheet loads something else")
	}
}
