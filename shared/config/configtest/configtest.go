// Package configtest keeps the README's tables of settings equal to what services declare. It is for tests alone.
package configtest

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"storefront/shared/config"
)

// row is "| `NAME` | `default` | meaning |"; defaults that differ between services stand side by side.
var row = regexp.MustCompile("^\\| `([A-Z_]+)` \\| (.*) \\| (.*) \\|$")

// MatchREADME fails unless the tables under the headings "All services" and, where there is one, service have a row for each
// declared setting, with its default and meaning, and no other row.
func MatchREADME(t testing.TB, path, service string, declared []config.Setting) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string][2]string{}
	heading := ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "#") {
			heading = strings.TrimLeft(line, "# ")
		}
		if m := row.FindStringSubmatch(line); m != nil && (heading == "All services" || heading == service) {
			rows[m[1]] = [2]string{m[2], m[3]}
		}
	}
	for _, s := range declared {
		got, ok := rows[s.Name]
		switch {
		case !ok:
			t.Errorf("%s has no row for %s: | `%s` | %s | %s |", path, s.Name, s.Name, cell(s), s.Doc)
		case !strings.Contains(got[0], cell(s)) || got[1] != s.Doc:
			t.Errorf("%s: row of %s is %q, want %q and %q", path, s.Name, got, cell(s), s.Doc)
		}
		delete(rows, s.Name)
	}
	for name := range rows {
		if !slices.ContainsFunc(declared, func(s config.Setting) bool { return s.Name == name }) {
			t.Errorf("%s has a row for %s, which %s does not read", path, name, service)
		}
	}
}

func cell(s config.Setting) string {
	switch {
	case s.Secret:
		return "required"
	case s.Default == "":
		return "none"
	default:
		return "`" + s.Default + "`"
	}
}
