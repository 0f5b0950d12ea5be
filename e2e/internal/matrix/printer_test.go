package matrix_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"storefront/e2e/internal/matrix"
)

var results = []matrix.Result{
	{Caller: "anonymous", Want: "401", State: matrix.Passed, Got: 401},
	{Caller: "customer", Want: "403", State: matrix.Failed, Got: 200, Why: []string{"status is 200, want 403"}},
	{Caller: "manager", Want: "ok", State: matrix.NotTested, Why: []string{"MANAGER_PASSWORD is not set"}},
	{Caller: "manager-api", Want: "ok", State: matrix.NotTested, Why: []string{"MANAGER_PASSWORD is not set"}},
	{Caller: "admin", Want: "ok", State: matrix.Passed, Got: 200},
}

func TestPrinter_showsEveryCell(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	p := matrix.Printer{Out: &out}
	p.Row("gateway", "GET /branches/1/products", results)
	p.Close(results)
	want := `gateway  GET /branches/1/products
   ✓ anonymous              401  ✗ customer               200, want 403  · manager                NOT TESTED  · manager-api            NOT TESTED
   ✓ admin                  200
     ✗ customer: status is 200, want 403
     NOT TESTED: MANAGER_PASSWORD is not set

2 passed, 1 failed, 2 skipped
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
}

func TestPrinter_coloursTheMarksAlone(t *testing.T) {
	t.Parallel()
	var plain, coloured strings.Builder
	matrix.Printer{Out: &plain}.Row("gateway", "GET /", results)
	matrix.Printer{Out: &coloured, Colour: true}.Row("gateway", "GET /", results)
	if strings.Contains(plain.String(), "\x1b") {
		t.Error("colours were not asked for")
	}
	bare := strings.NewReplacer("\x1b[32m", "", "\x1b[31m", "", "\x1b[33m", "", "\x1b[0m", "").Replace(coloured.String())
	if diff := cmp.Diff(plain.String(), bare); diff != "" {
		t.Errorf("colours changed the text (-plain +coloured):\n%s", diff)
	}
	if n := strings.Count(coloured.String(), "\x1b[0m"); n != len(results) {
		t.Errorf("%d marks are coloured, want %d", n, len(results))
	}
}
