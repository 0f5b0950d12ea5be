package matrix_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"storefront/e2e/internal/matrix"
)

const smallTable = `
callers:
  anonymous: {}
  admin: {session: admin}
  client: {bearer: admin}
groups:
  all: anonymous people
  people: admin client
answers:
  ok: {status: 200}
  405: {status: 405}
matrix:
  gateway:
    GET /things/:id:
      /things/1: {all: ok}
      HEAD /things/1?x=1: {anonymous: ok, people: 405}
    POST /things:
      /things: {client: 405}
    no route:
      /nothing: {anonymous: 405}
  catalog:
    GET /healthz:
      /healthz: {anonymous: ok}
`

func TestParse_keepsTheOrderAndResolvesNames(t *testing.T) {
	t.Parallel()
	table, err := matrix.Parse("small.yaml", []byte(smallTable))
	if err != nil {
		t.Fatal(err)
	}
	want := []matrix.Row{
		{Service: "gateway", Route: "GET /things/:id", Method: "GET", Target: "/things/1", Cells: []matrix.Cell{{"anonymous", "ok"}, {"admin", "ok"}, {"client", "ok"}}},
		{Service: "gateway", Route: "GET /things/:id", Method: "HEAD", Target: "/things/1?x=1", Cells: []matrix.Cell{{"anonymous", "ok"}, {"admin", "405"}, {"client", "405"}}},
		{Service: "gateway", Route: "POST /things", Method: "POST", Target: "/things", Cells: []matrix.Cell{{"client", "405"}}},
		{Service: "gateway", Route: "no route", Method: "GET", Target: "/nothing", Cells: []matrix.Cell{{"anonymous", "405"}}},
		{Service: "catalog", Route: "GET /healthz", Method: "GET", Target: "/healthz", Cells: []matrix.Cell{{"anonymous", "ok"}}},
	}
	if diff := cmp.Diff(want, table.Rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"GET /things/:id", "POST /things"}, table.Routes("gateway")); diff != "" {
		t.Errorf("routes (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"gateway", "catalog"}, table.Services()); diff != "" {
		t.Errorf("services (-want +got):\n%s", diff)
	}
}

func TestParse_refuses(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, old, new, want string }{
		{"an unknown key of the file", "groups:", "gruops:", "gruops"},
		{"an unknown key of a caller", "{session: admin}", "{sesion: admin}", "sesion"},
		{"an unknown key of an answer", "{status: 200}", "{state: 200}", "state"},
		{"a status that is no number", "{status: 200}", "{status: ok}", "ok"},
		{"a caller that is declared twice", "  client: {bearer: admin}", "  client: {bearer: admin}\n  client: {}", "already defined"},
		{"an unknown caller", "{client: 405}", "{clinet: 405}", `small.yaml:18: there is no caller and no group "clinet"`},
		{"an unknown answer", "{client: 405}", "{client: 406}", `small.yaml:18: there is no answer "406"`},
		{"a caller with two answers", "{anonymous: ok, people: 405}", "{anonymous: ok, all: 405}", "anonymous has two answers"},
		{"a request that stands there twice", "HEAD /things/1?x=1:", "/things/1:", `small.yaml:16: "/things/1" stands here twice`},
		{"a request that is none", "HEAD /things/1?x=1:", "things:", `"things" is no request`},
		{"a row that is a list", "{client: 405}", "[client, 405]", "a mapping is expected"},
		{"a caller that no row uses", "  client: {bearer: admin}", "  client: {bearer: admin}\n  spare: {}", "no row uses the caller spare"},
		{"a group that no row uses", "  people: admin client", "  people: admin client\n  spare: admin", "no row uses the group spare"},
		{"an answer that no row uses", "  ok: {status: 200}", "  ok: {status: 200}\n  spare: {status: 1}", "no row uses the answer spare"},
		{"a bearer that is also forged", "{bearer: admin}", "{bearer: admin, forged: {user: admin}}", "caller client has a bearer and a forged token"},
		{"a forgery of nobody's token", "{bearer: admin}", "{forged: {}}", "caller client: a forged token"},
		{"an unknown way to sign", "{bearer: admin}", "{forged: {user: admin, sign: badly}}", "caller client: a forged token"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if !strings.Contains(smallTable, tt.old) {
				t.Fatalf("the table lacks %q", tt.old)
			}
			_, err := matrix.Parse("small.yaml", []byte(strings.Replace(smallTable, tt.old, tt.new, 1)))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Parse() = %v, want an error with %q", err, tt.want)
			}
		})
	}
}

func TestParse_reportsEveryFaultAtOnce(t *testing.T) {
	t.Parallel()
	bad := strings.NewReplacer("{client: 405}", "{clinet: 406}", "HEAD /things", "things").Replace(smallTable)
	_, err := matrix.Parse("small.yaml", []byte(bad))
	if err == nil || strings.Count(err.Error(), "small.yaml:") < 3 {
		t.Errorf("Parse() = %v, want three faults", err)
	}
}
