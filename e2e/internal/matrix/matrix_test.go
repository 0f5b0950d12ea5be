package matrix_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"storefront/e2e/internal/matrix"
)

// oneCell is a table of one caller and one request.
func oneCell(t testing.TB, caller, request, answer string) matrix.Table {
	t.Helper()
	text := fmt.Sprintf("callers: {somebody: %s}\nanswers: {expected: %s}\nmatrix: {gateway: {GET /: {%q: {somebody: expected}}}}", caller, answer, request)
	table, err := matrix.Parse("table", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// serve is a gateway of one handler.
func serve(t testing.TB, h http.HandlerFunc) matrix.Target {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return matrix.Target{URLs: map[string]string{"gateway": s.URL}, Identity: "http://identity.example", Routes: map[string][]string{"gateway": {"GET /"}}}
}

type quiet struct{}

func (quiet) Row(string, string, []matrix.Result) {}

// try runs the table and gives its first cell.
func try(t testing.TB, table matrix.Table, target matrix.Target) matrix.Result {
	t.Helper()
	tally, err := matrix.Run(t.Context(), table, target, quiet{})
	if err != nil {
		t.Fatal(err)
	}
	return tally[0]
}

func TestRun_holdsEveryPartOfAnAnswerToTheTable(t *testing.T) {
	t.Parallel()
	reply := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("Location", "/login?return_to=%2Fa%3Fb")
		w.Header().Add("Set-Cookie", "a=1; HttpOnly")
		w.Header().Add("Set-Cookie", "b=2; Secure")
		w.WriteHeader(http.StatusAccepted)
		_, _ = fmt.Fprint(w, `{"id":7,"name":"cup","roles":["admin"],"deep":{"ok":true},"list":[1,2,3],"none":null}`)
	}
	tests := []struct {
		name, answer string
		why          string // "" passes
	}{
		{"status", "{status: 202}", ""},
		{"another status", "{status: 200}", "status is 202, want 200"},
		{"media type", "{status: 202, type: application/json}", ""},
		{"another media type", "{status: 202, type: text/html}", `Content-Type is "application/json"`},
		{"header", "{status: 202, headers: {Location: '/login?return_to={return}'}}", ""},
		{"header of another target", "{status: 202, headers: {Location: '/login?return_to=%2F'}}", "Location is"},
		{"header by a pattern", "{status: 202, headers: {Location: '/login*'}}", ""},
		{"a pattern covers all of it", "{status: 202, headers: {Location: '/login'}}", "Location is"},
		{"a point is no pattern", "{status: 202, headers: {Location: '/login.return_to=%2Fa%3Fb'}}", "Location is"},
		{"one of two headers", "{status: 202, headers: {Set-Cookie: 'b=2*'}}", ""},
		{"absent header", "{status: 202, headers: {Etag: null}}", ""},
		{"absent header that is there", "{status: 202, headers: {Set-Cookie: null}}", "Set-Cookie is there and must not be"},
		{"header that is not there", "{status: 202, headers: {Etag: '*'}}", "Etag is"},
		{"members", "{status: 202, json: {id: 7, name: c*p, roles: [admin], deep: {ok: true}}}", ""},
		{"another number", "{status: 202, json: {id: 8}}", "id is 7, want 8"},
		{"a text for a number", "{status: 202, json: {id: '7'}}", "id is 7"},
		{"another text", "{status: 202, json: {name: cups}}", "name is cup, want cups"},
		{"some text", "{status: 202, json: {name: '{some}'}}", ""},
		{"another truth", "{status: 202, json: {deep: {ok: false}}}", "deep.ok is true, want false"},
		{"missing member", "{status: 202, json: {deep: {more: 1}}}", "deep.more is <nil>, want 1"},
		{"an object where none is", "{status: 202, json: {name: {a: 1}}}", "name is no object"},
		{"a list with more in it", "{status: 202, json: {list: [1, 2]}}", "list is [1 2 3]"},
		{"an empty list is wanted", "{status: 202, json: {roles: []}}", "roles is [admin]"},
		{"an element of a list", "{status: 202, json: {list: [1, 2, 4]}}", "list[2] is 3, want 4"},
		{"long enough", "{status: 202, least: {list: 3}}", ""},
		{"too short", "{status: 202, least: {list: 4}}", "list has 3 elements, want 4"},
		{"not a list at all", "{status: 202, least: {none: 1}}", "none has 0 elements"},
		{"text", "{status: 202, has: [cup, admin], lacks: [plate]}", ""},
		{"text that lacks", "{status: 202, has: [plate]}", `body lacks "plate"`},
		{"text that must not be", "{status: 202, lacks: [cup]}", `body has "cup"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := try(t, oneCell(t, "{}", "/a?b", tt.answer), serve(t, reply))
			if tt.why == "" && got.State != matrix.Passed {
				t.Errorf("it did not pass: %v", got.Why)
			}
			if tt.why != "" && (got.State != matrix.Failed || !strings.Contains(strings.Join(got.Why, "\n"), tt.why)) {
				t.Errorf("state %v, why %q, want red because %q", got.State, got.Why, tt.why)
			}
		})
	}
}

func TestRun_isRedWhen(t *testing.T) {
	t.Parallel()
	const jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
	tests := []struct {
		name, answer string
		reply        http.HandlerFunc
		why          string
	}{
		{"a body shows a token", "{status: 200}", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "<p>"+jwt) }, "it shows a token"},
		{"a cookie shows a token", "{status: 200}", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Set-Cookie", "t="+jwt) }, "it shows a token"},
		{"nobody answers", "{status: 200}", func(w http.ResponseWriter, _ *http.Request) { hijack(w, "") }, "no answer"},
		{"an answer breaks off", "{status: 200}", func(w http.ResponseWriter, _ *http.Request) {
			hijack(w, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
		}, "answer breaks off"},
		{"a redirect comes, which is not followed", "{status: 200}", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusFound)
		}, "status is 302"},
		{"JSON is none", "{status: 200, json: {id: 1}}", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "<html>") }, "body is no JSON"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := try(t, oneCell(t, "{}", "/", tt.answer), serve(t, tt.reply))
			if got.State != matrix.Failed || !strings.Contains(strings.Join(got.Why, "\n"), tt.why) {
				t.Errorf("state %v, why %q, want red because %q", got.State, got.Why, tt.why)
			}
		})
	}
}

// hijack answers with text as it stands and hangs up.
func hijack(w http.ResponseWriter, text string) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	_, _ = fmt.Fprint(conn, text)
	_ = conn.Close()
}

func TestRun_saysWhatItCannotTry(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, caller, request string
		change                func(*matrix.Target)
		why                   string
	}{
		{"a session of somebody unknown", "{session: admin}", "/", nil, "ADMIN_EMAIL or ADMIN_PASSWORD is not set"},
		{"a token without the client's secret", "{bearer: admin}", "/", nil, "FUSIONAUTH_CLIENT_SECRET is not set"},
		{"a forged token without the key", "{forged: {user: admin}}", "/", nil, "JWT_SIGNING_KEY is not set"},
		{"a gateway token without the key", "{forged: {gateway: true}}", "/", nil, "JWT_SIGNING_KEY or GATEWAY_ISSUER is not set"},
		{"an unsafe method on a foreign host", "{}", "POST /", func(target *matrix.Target) { target.SafeOnly = true }, "POST may change something there; UNSAFE=yes"},
		{"a service that is not known", "{}", "/", func(target *matrix.Target) { target.URLs = nil }, "GATEWAY_URL is not set"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			target := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("it was tried") })
			if tt.change != nil {
				tt.change(&target)
			}
			got := try(t, oneCell(t, tt.caller, tt.request, "{status: 200}"), target)
			if got.State != matrix.NotTested || !strings.Contains(strings.Join(got.Why, "\n"), tt.why) {
				t.Errorf("state %v, why %q, want NOT TESTED because %q", got.State, got.Why, tt.why)
			}
		})
	}
}

func TestRun_sendsWhatTheCallerHas(t *testing.T) {
	t.Parallel()
	var got http.Header
	target := serve(t, func(_ http.ResponseWriter, r *http.Request) { got = r.Header.Clone() })
	try(t, oneCell(t, "{headers: {Accept: text/html, Cookie: a=1}}", "/", "{status: 200}"), target)
	if got.Get("Accept") != "text/html" || got.Get("Cookie") != "a=1" || got.Get("Authorization") != "" {
		t.Errorf("headers = %v", got)
	}
}

const key = "a key that is long enough for tests"

func TestRun_makesTheGatewaysTokenForTheRequestAtHand(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, forged string
		want         map[string]any // claims and, after a point, header parameters
	}{
		{"unchanged", "{gateway: true}", map[string]any{
			"iss": "shop:3000", "sub": "gateway", "aud": "gateway", "data": "/things?x=1", "htm": "HEAD", ".typ": "gateway+jwt", ".alg": "HS256",
		}},
		{"claims replaced", "{gateway: true, claims: {aud: other, htm: POST}}", map[string]any{"aud": "other", "htm": "POST", "data": "/things?x=1"}},
		{"a claim removed", "{gateway: true, claims: {data: null}}", map[string]any{"data": nil}},
		{"a parameter replaced", "{gateway: true, header: {typ: JWT, kid: null}}", map[string]any{".typ": "JWT", ".kid": nil}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			token := forged(t, tt.forged)
			claims := token.Claims.(jwt.MapClaims)
			for name, want := range tt.want {
				got := claims[name]
				if parameter, ok := strings.CutPrefix(name, "."); ok {
					got = token.Header[parameter]
				}
				if got != want {
					t.Errorf("%s = %v, want %v", name, got, want)
				}
			}
		})
	}
}

func TestRun_forgesTokensThatAreWorthNothing(t *testing.T) {
	t.Parallel()
	keys := func(*jwt.Token) (any, error) { return []byte(key), nil }
	for name, want := range map[string]error{
		"{gateway: true, expired: true}":       jwt.ErrTokenExpired,
		"{gateway: true, sign: another key}":   jwt.ErrTokenSignatureInvalid,
		"{gateway: true, sign: none}":          jwt.ErrTokenSignatureInvalid,
		"{gateway: true}":                      nil,
		"{gateway: true, claims: {aud: else}}": nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := jwt.Parse(forged(t, name).Raw, keys, jwt.WithValidMethods([]string{"HS256"}))
			if diff := cmp.Diff(want != nil, err != nil); diff != "" {
				t.Errorf("Parse() = %v, want %v", err, want)
			}
		})
	}
}

// forged is the token that a caller with that forgery sends.
func forged(t testing.TB, forgery string) *jwt.Token {
	t.Helper()
	var sent string
	target := serve(t, func(_ http.ResponseWriter, r *http.Request) { sent = r.Header.Get("Authorization") })
	target.SigningKey, target.GatewayIssuer = key, "shop:3000"
	try(t, oneCell(t, "{forged: "+forgery+"}", "HEAD /things?x=1", "{status: 200}"), target)
	raw, ok := strings.CutPrefix(sent, "Bearer ")
	if !ok {
		t.Fatalf("Authorization = %q", sent)
	}
	token, _, err := jwt.NewParser().ParseUnverified(raw, jwt.MapClaims{})
	if err != nil {
		t.Fatal(err)
	}
	token.Raw = raw
	return token
}

func TestRun_looksForRoutesThatTheTableLacks(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name       string
		registered []string
		want       []matrix.State
		why        string
	}{
		{"all there", []string{"GET /"}, []matrix.State{matrix.Passed}, ""},
		{"one more", []string{"GET /", "DELETE /"}, []matrix.State{matrix.Passed, matrix.Failed}, "roles.yaml has no row for it"},
		{"one less", []string{}, []matrix.State{matrix.Failed}, "it is not registered"},
		{"unknown", nil, []matrix.State{matrix.NotTested}, "ROUTES_FILE"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			target := serve(t, func(http.ResponseWriter, *http.Request) {})
			delete(target.Routes, "gateway")
			if tt.registered != nil {
				target.Routes["gateway"] = tt.registered
			}
			tally, err := matrix.Run(t.Context(), oneCell(t, "{}", "/", "{status: 200}"), target, quiet{})
			if err != nil {
				t.Fatal(err)
			}
			var states []matrix.State
			var why []string
			for _, r := range tally[1:] {
				states, why = append(states, r.State), append(why, r.Why...)
			}
			if diff := cmp.Diff(tt.want, states); diff != "" {
				t.Errorf("states (-want +got):\n%s", diff)
			}
			if !strings.Contains(strings.Join(why, "\n"), tt.why) {
				t.Errorf("why = %q, want %q", why, tt.why)
			}
		})
	}
}

func TestRun_findsTheIdentityServerWhereTheLoginLeads(t *testing.T) {
	t.Parallel()
	target := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://login.example:9011/oauth2/authorize?x=1", http.StatusFound)
	})
	target.Identity = ""
	got := try(t, oneCell(t, "{}", "/", "{status: 302, headers: {Location: '{identity}/oauth2/*'}}"), target)
	if got.State != matrix.Passed {
		t.Errorf("why = %q", got.Why)
	}
	target = serve(t, http.NotFound)
	target.Identity = ""
	if _, err := matrix.Run(t.Context(), oneCell(t, "{}", "/", "{status: 404}"), target, quiet{}); err == nil {
		t.Error("Run() gave no error for a gateway without a login")
	}
}
