package doctor_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"storefront/gateway/internal/doctor"
)

const root = "../../.."

// entry is "### `name`", which gets the anchor name.
var entry = regexp.MustCompile("(?m)^### `([a-z0-9_-]+)`$")

// Whatever sends a reader to docs/troubleshooting.md finds an entry there, and each entry is one that something sends to.
func TestTroubleshooting_hasWhatIsLinked(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(root + "/docs/troubleshooting.md")
	if err != nil {
		t.Fatal(err)
	}
	entries := map[string]int{}
	for _, m := range entry.FindAllStringSubmatch(string(text), -1) {
		entries[m[1]]++
	}
	linked := map[string][]string{
		"doctor":            doctor.Names(),
		"loop page":         constants(t, "gateway/internal/login/loop.go", "Cause"),
		"refusal":           constants(t, "shared/auth/refusal.go", "Refusal"),
		"code of a problem": problemCodes(t),
	}
	known := map[string]bool{}
	for by, names := range linked {
		if len(names) < 3 {
			t.Errorf("%s names %v: the search for names is broken", by, names)
		}
		for _, name := range names {
			known[name] = true
			if entries[name] != 1 {
				t.Errorf("%s: %d entries `%s`, want one", by, entries[name], name)
			}
		}
	}
	for name := range entries {
		if !known[name] {
			t.Errorf("nothing sends to the entry `%s`", name)
		}
	}
	for _, section := range regexp.MustCompile("(?m)^### ").Split(string(text), -1)[1:] {
		name, _, _ := strings.Cut(section, "\n")
		for _, part := range []string{"**Symptom**", "**Cause**", "**Fix**"} {
			if strings.Count(section, part) != 1 {
				t.Errorf("the entry %s has %d %s", name, strings.Count(section, part), part)
			}
		}
	}
}

// The pages and this document name the same file.
func TestTroubleshooting_isWhereThePageSays(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(root + "/gateway/internal/storefront/templates/pages/loop.html")
	if err != nil || !strings.Contains(string(page), "docs/troubleshooting.md#{{.Cause}}") {
		t.Errorf("the loop page does not lead to its cause: %v", err)
	}
	for _, f := range doctor.Examine(t.Context(), newShop(t, "hmac").cfg).Findings {
		if f.See != "docs/troubleshooting.md#"+f.Check {
			t.Errorf("%s leads to %s", f.Check, f.See)
		}
	}
}

func TestTroubleshooting_ownLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(root + "/docs/troubleshooting.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`\]\(([^)#]*)#?([^)]*)\)`).FindAllStringSubmatch(string(text), -1) {
		file, anchor := m[1], m[2]
		if file == "" {
			if !strings.Contains(string(text), "### `"+anchor+"`\n") {
				t.Errorf("#%s has no entry", anchor)
			}
			continue
		}
		if _, err := os.Stat(filepath.Join(root, "docs", file)); err != nil {
			t.Errorf("link to %s: %v", file, err)
		}
	}
}

// constants are the texts of the constants of a type.
func constants(t *testing.T, path, of string) []string {
	t.Helper()
	var texts []string
	ast.Inspect(parse(t, filepath.Join(root, path)), func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		if name, ok := spec.Type.(*ast.Ident); ok && name.Name == of {
			texts = append(texts, text(t, spec.Values[0]))
		}
		return true
	})
	return texts
}

// problemCodes are the slugs and codes in the source of all services, and the words of the statuses that are answered without one.
func problemCodes(t *testing.T) []string {
	t.Helper()
	var codes []string
	for _, folder := range []string{"shared", "gateway", "catalog", "inventory"} {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, d fs.DirEntry, err error) error {
			if err == nil && strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") && !strings.Contains(path, "test/") {
				codes = append(codes, codesOf(t, parse(t, path))...)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}

// codesOf finds `Slug: "x"` and `Code: "x"`, the status of problem.Respond, and statuses in tables and documents that give no slug.
func codesOf(t *testing.T, file *ast.File) (codes []string) {
	t.Helper()
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CompositeLit:
			codes = append(codes, literalCodes(t, n)...)
		case *ast.CallExpr:
			if called(n) == "Respond" && len(n.Args) > 1 {
				codes = append(codes, statusCode(n.Args[1])...)
			}
		}
		return true
	})
	return codes
}

func literalCodes(t *testing.T, literal *ast.CompositeLit) (codes []string) {
	t.Helper()
	var statuses []string
	for _, element := range literal.Elts {
		pair, ok := element.(*ast.KeyValueExpr)
		if !ok {
			statuses = append(statuses, statusCode(element)...) // a row of refusals, without names
			continue
		}
		key, _ := pair.Key.(*ast.Ident)
		value, isText := pair.Value.(*ast.BasicLit)
		switch {
		case key == nil:
		case (key.Name == "Slug" || key.Name == "Code") && isText && value.Value != `""`:
			codes = append(codes, text(t, value))
		case key.Name == "Status":
			statuses = append(statuses, statusCode(pair.Value)...)
		}
	}
	if len(codes) > 0 {
		return codes
	}
	return statuses
}

// statusCode is the code that a problem of http.StatusX has by itself.
func statusCode(e ast.Expr) []string {
	selector, ok := e.(*ast.SelectorExpr)
	if !ok || !strings.HasPrefix(selector.Sel.Name, "Status") {
		return nil
	}
	for status := http.StatusBadRequest; status < 600; status++ {
		words := http.StatusText(status)
		if words != "" && selector.Sel.Name == "Status"+strings.NewReplacer(" ", "", "-", "").Replace(words) {
			return []string{strings.ReplaceAll(strings.ToLower(words), " ", "-")}
		}
	}
	return nil
}

func called(call *ast.CallExpr) string {
	switch f := call.Fun.(type) {
	case *ast.SelectorExpr:
		return f.Sel.Name
	case *ast.Ident:
		return f.Name
	default:
		return ""
	}
}

func parse(t *testing.T, path string) *ast.File {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func text(t *testing.T, e ast.Expr) string {
	t.Helper()
	literal, ok := e.(*ast.BasicLit)
	if !ok {
		t.Fatalf("%T is no text", e)
	}
	s, err := strconv.Unquote(literal.Value)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
