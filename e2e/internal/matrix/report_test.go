package matrix_test

import (
	"encoding/xml"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"storefront/e2e/internal/matrix"
)

var report = matrix.Report{
	Words: matrix.RoleWords,
	Time:  time.Date(2026, 3, 1, 12, 30, 0, 0, time.FixedZone("CET", 3600)), Target: "http://localhost:3000", Images: []string{"gateway=sha256:0123"},
	Tally: matrix.Tally{
		{Service: "gateway", Request: "GET /a|b", Caller: "anonymous", Want: "401", State: matrix.Passed, Got: 401},
		{Service: "gateway", Request: "GET /me", Caller: "customer", Want: "403", State: matrix.Failed, Got: 200, Why: []string{"status is 200, want 403", "<b> & more"}},
		{Service: "catalog", Request: "GET /products", Caller: "admin", Want: "ok", State: matrix.NotTested, Why: []string{"CATALOG_URL is not set"}},
	},
}

// What continuous integration reads must be what was tried: read back with another program's structure, every cell is there.
func TestReport_JUnit(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	if err := report.JUnit(&text); err != nil {
		t.Fatal(err)
	}
	type message struct {
		Text string `xml:"message,attr"`
	}
	type testcase struct {
		Class   string   `xml:"classname,attr"`
		Name    string   `xml:"name,attr"`
		Failure *message `xml:"failure"`
		Skipped *message `xml:"skipped"`
	}
	var got struct {
		XMLName  xml.Name `xml:"testsuite"`
		Time     string   `xml:"timestamp,attr"`
		Tests    int      `xml:"tests,attr"`
		Failures int      `xml:"failures,attr"`
		Skipped  int      `xml:"skipped,attr"`
		Image    struct {
			Name  string `xml:"name,attr"`
			Value string `xml:"value,attr"`
		} `xml:"properties>property"`
		Cases []testcase `xml:"testcase"`
	}
	if err := xml.Unmarshal([]byte(text.String()), &got); err != nil {
		t.Fatal(err)
	}
	if got.Tests != 3 || got.Failures != 1 || got.Skipped != 1 || got.Time != "2026-03-01T11:30:00" || got.Image.Name != "image.gateway" || got.Image.Value != "sha256:0123" {
		t.Errorf("suite = %+v", got)
	}
	want := []testcase{
		{Class: "roles.gateway", Name: "GET /a|b as anonymous"},
		{Class: "roles.gateway", Name: "GET /me as customer", Failure: &message{"status is 200, want 403; <b> & more"}},
		{Class: "roles.catalog", Name: "GET /products as admin", Skipped: &message{"CATALOG_URL is not set"}},
	}
	if diff := cmp.Diff(want, got.Cases); diff != "" {
		t.Errorf("cases (-want +got):\n%s", diff)
	}
}

func TestReport_Markdown(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	if err := report.Markdown(&text); err != nil {
		t.Fatal(err)
	}
	want := `# Role matrix

1 passed, 1 failed, 1 skipped

- time: 2026-03-01T11:30:00Z
- target: http://localhost:3000
- image of gateway: ` + "`sha256:0123`" + `

| service | request | caller | wanted | got | |
|---|---|---|---|---|---|
| gateway | ` + "`GET /a\\|b`" + ` | anonymous | 401 | 401 | ✓ |
| gateway | ` + "`GET /me`" + ` | customer | 403 | 200 | ✗ status is 200, want 403; <b> & more |
| catalog | ` + "`GET /products`" + ` | admin | ok |  | not tested: CATALOG_URL is not set |
`
	if diff := cmp.Diff(want, text.String()); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
}
