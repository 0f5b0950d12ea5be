package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"storefront/e2e/internal/stack"
)

// A guard that can be taken out while the matrix stays green guards nothing that the matrix sees. So each is taken out in turn, the
// services are built without it, and the matrix must go red.
func TestMatrix_goesRedWithoutEachGuard(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("-short: builds the services once for each guard")
	}
	c := use(t)
	before, err := unchanged()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range mutants(t, c.root) {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			_, target := ownStack(t, m.build(t, c), nil)
			red, err := redCells(t.Context(), target)
			if err != nil {
				t.Fatal(err)
			}
			maps.DeleteFunc(red, func(cell, _ string) bool { _, was := before[cell]; return was })
			if len(red) == 0 {
				t.Fatalf("the matrix stays green without %s", m.name)
			}
			t.Logf("%d cells are red:\n%s", len(red), strings.Join(slices.Sorted(maps.Keys(red)), "\n"))
		})
	}
}

// mutant is a source file without one of its guards.
type mutant struct {
	name     string
	file     string   // from the root
	from, to int      // of the text that is taken out
	services []string // that the guard protects
}

// mutants finds the guards: those of inventory's routes, and the checks of tokens that a service must not skip.
func mutants(t testing.TB, root string) []mutant {
	t.Helper()
	found := cutHandlers(t, root, "inventory/routes.go", "staff", "admin", "ownBranch")
	for i := range found {
		found[i].services = []string{stack.Inventory}
	}
	for _, list := range []struct {
		name     string
		checks   []string
		services []string
	}{
		{"userChecks", []string{"issuer", "audience", "applicationId", "expiry"}, []string{stack.Gateway, stack.Catalog, stack.Inventory}},
		{"gatewayChecks", []string{"issuer", "audience", "subject", "expiry", "binding"}, []string{stack.Catalog, stack.Inventory}},
	} {
		for _, check := range list.checks {
			m := cutElement(t, root, "shared/auth/checks.go", list.name, check)
			m.services = list.services
			found = append(found, m)
		}
	}
	return found
}

// cutHandlers finds, for each of the names, the first route that has it among its handlers. One route for each will do: every run of the
// matrix takes a while, and its rows are held to the routes elsewhere.
func cutHandlers(t testing.TB, root, file string, names ...string) []mutant {
	t.Helper()
	fset, tree := parse(t, root, file)
	first := map[string]mutant{}
	ast.Inspect(tree, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		for i, arg := range call.Args[:max(0, len(call.Args)-1)] {
			name := handlerName(arg)
			if _, known := first[name]; known || !slices.Contains(names, name) {
				continue
			}
			at := fset.Position(arg.Pos())
			first[name] = mutant{
				name: fmt.Sprintf("%s of %s:%d", name, file, at.Line), file: file,
				from: at.Offset, to: fset.Position(call.Args[i+1].Pos()).Offset,
			}
		}
		return true
	})
	if len(first) != len(names) {
		t.Fatalf("%s has not all of %v among the handlers of its routes", file, names)
	}
	return slices.Collect(maps.Values(first))
}

// handlerName is the name of a handler: a variable's, or a method's.
func handlerName(arg ast.Expr) string {
	switch h := arg.(type) {
	case *ast.Ident:
		return h.Name
	case *ast.SelectorExpr:
		return h.Sel.Name
	default:
		return ""
	}
}

// cutElement finds the one element of a list whose first field is name.
func cutElement(t testing.TB, root, file, list, name string) mutant {
	t.Helper()
	fset, tree := parse(t, root, file)
	var found []mutant
	ast.Inspect(tree, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || spec.Names[0].Name != list {
			return true
		}
		elements := spec.Values[0].(*ast.CompositeLit).Elts
		for _, e := range elements {
			first, ok := e.(*ast.CompositeLit).Elts[0].(*ast.BasicLit)
			if ok && first.Value == strconv.Quote(name) {
				end := fset.Position(e.End()).Offset + len(",")
				found = append(found, mutant{name: name + " of " + list, file: file, from: fset.Position(e.Pos()).Offset, to: end})
			}
		}
		return false
	})
	if len(found) != 1 {
		t.Fatalf("%s has %d times %q in %s, want once", file, len(found), name, list)
	}
	return found[0]
}

func parse(t testing.TB, root, file string) (*token.FileSet, *ast.File) {
	t.Helper()
	fset := token.NewFileSet()
	tree, err := parser.ParseFile(fset, filepath.Join(root, file), nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	return fset, tree
}

// build builds the services that have the guard from the tree as it is, but for the one file: an overlay, the tree itself is not
// touched. The others are the ones of everybody.
func (m mutant) build(t testing.TB, c *common) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "bin")
	var out bytes.Buffer
	if err := stack.Build(t.Context(), c.root, bin, &out, m.services, "-overlay", m.overlay(t, c.root)); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	for _, name := range []string{stack.Identity, stack.Catalog, stack.Inventory, stack.Gateway} {
		if !slices.Contains(m.services, name) {
			if err := os.Symlink(filepath.Join(c.bin(), name), filepath.Join(bin, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	return bin
}

// overlay tells go build to read the file without the guard in place of the one in the tree.
func (m mutant) overlay(t testing.TB, root string) string {
	t.Helper()
	dir, original := t.TempDir(), filepath.Join(root, m.file)
	source, err := os.ReadFile(original)
	if err != nil {
		t.Fatal(err)
	}
	changed, err := format.Source(slices.Concat(source[:m.from], source[m.to:]))
	if err != nil {
		t.Fatalf("%s without it is no Go: %v", m.file, err)
	}
	replacement, overlay := filepath.Join(dir, "changed.go"), filepath.Join(dir, "overlay.json")
	text, err := json.Marshal(map[string]map[string]string{"Replace": {original: replacement}})
	if err != nil {
		t.Fatal(err)
	}
	for path, data := range map[string][]byte{replacement: changed, overlay: text} {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return overlay
}
