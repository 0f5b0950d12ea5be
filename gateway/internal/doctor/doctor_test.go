package doctor_test

import (
	"errors"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"storefront/gateway/internal/doctor"
	"storefront/gateway/internal/session/sessiontest"
	"storefront/shared/auth"
	"storefront/shared/auth/authtest"
	"storefront/shared/config"
	"storefront/shared/server"
)

// statuses are those of a report, by check; well is the one that stays out.
func statuses(r doctor.Report, well doctor.Status) map[string]doctor.Status {
	all := map[string]doctor.Status{}
	for _, f := range r.Findings {
		if f.Status != well {
			all[strings.TrimSpace(f.Check+" "+f.Of)] = f.Status
		}
	}
	return all
}

func exitCode(r doctor.Report) int {
	if coder, ok := errors.AsType[server.ExitCoder](r.Err()); ok {
		return coder.ExitCode()
	}
	return 0
}

func said(r doctor.Report) string {
	var text strings.Builder
	_ = r.WriteText(&text)
	return text.String()
}

func TestExamine_findsNothingWhereAllIsWell(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{config.HMAC, config.JWKS} {
		s := newShop(t, mode)
		s.cfg.RedisURL = config.Secret(sessiontest.StartRedis(t).URL)
		report := doctor.Examine(t.Context(), s.cfg)
		if not := statuses(report, doctor.OK); len(not) > 0 || report.Err() != nil {
			t.Errorf("%s: %v, %v\n%s", mode, not, report.Err(), said(report))
		}
	}
}

// closed is an address where nobody listens.
func closed(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

type found = map[string]doctor.Status

// Each row breaks one thing. Every check that is not named stays as it was; those that are skipped need what is broken.
var breaks = []struct {
	name string
	mode string // both, unless set
	harm func(s *shop)
	want found
	code int
	says []string
}{
	{"settings that cannot be used", "", func(s *shop) {
		s.cfg.Faults = []error{errors.New("GATEWAY_COLOUR: no such setting"), errors.New("LOG_LEVEL: is odd")}
	}, found{"settings": doctor.Fail}, 1, []string{"GATEWAY_COLOUR: no such setting", "LOG_LEVEL: is odd"}},

	{"an identity server that is away", "", func(s *shop) {
		s.cfg.FusionAuthURL = mustParse(s.t, "http://"+closed(s.t))
	}, found{
		"identity-server": doctor.Fail, "issuer": doctor.Skip, "published-keys": doctor.Skip, "client-secret": doctor.Skip, "redirect-url": doctor.Skip,
		"post-logout-url": doctor.Skip, "clocks identity server": doctor.Skip, "user-token": doctor.Skip, "roles": doctor.Skip,
		"relayed-token catalog": doctor.Skip, "relayed-token inventory": doctor.Skip,
	}, 2, []string{"connection refused"}},

	{"another issuer", config.HMAC, func(s *shop) { s.issuer = "https://id.example.com" },
		found{"issuer": doctor.Fail}, 2, []string{`calls itself "https://id.example.com" and FUSIONAUTH_ISSUER is "http://127.0.0.1`}},
	{"another issuer, whose keys are then not taken", config.JWKS, func(s *shop) { s.issuer = "https://id.example.com" },
		merge(withoutToken(doctor.Skip), found{"issuer": doctor.Fail}), 2, []string{`calls itself "https://id.example.com"`}},

	{"no published key, and access tokens that need one", config.JWKS, func(s *shop) {
		s.keys, s.cfg.User, s.cfg.Password = nil, "", ""
	}, merge(withoutToken(doctor.Skip), found{"published-keys": doctor.Fail}), 3, []string{"HMAC keys are never published", "signed with HS256"}},
	{"no published key, and ID tokens that need one", config.HMAC, func(s *shop) { s.keys = nil },
		found{"published-keys": doctor.Fail}, 3, []string{"HMAC keys are never published", "ID tokens by ES256"}},
	{"no published key, and none needed", config.HMAC, func(s *shop) { s.keys, s.cfg.IDTokenAlgs = nil, []string{"HS256"} }, found{}, 0, nil},

	{"another client secret", "", func(s *shop) {
		s.secret = "another"
		s.cfg.User, s.cfg.Token = "", config.Secret(s.userToken(s.claims))
	},
		found{"client-secret": doctor.Fail}, 3, []string{"refuses the client: invalid_client"}},

	{"a redirect URL that is not registered", "", func(s *shop) { s.registered = s.registered[1:]; s.cfg.Token = config.Secret(s.userToken(s.claims)) },
		found{"redirect-url": doctor.Fail}, 4, []string{"/oauth-redirect is not registered"}},
	{"a client that nobody knows", "", func(s *shop) {
		s.authorize = func(w http.ResponseWriter, _ *http.Request) {
			writeJSON(w, http.StatusBadRequest, map[string]string{"error_reason": "invalid_client_id"})
		}
		s.cfg.Token = config.Secret(s.userToken(s.claims))
	}, found{"redirect-url": doctor.Fail}, 4, []string{"knows no client " + authtest.ClientID}},
	{"a scope that is refused", "", func(s *shop) {
		s.authorize = func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, r.FormValue("redirect_uri")+"?error=invalid_scope&error_reason=unknown_scope", http.StatusFound)
		}
		s.cfg.Token = config.Secret(s.userToken(s.claims))
	}, found{"redirect-url": doctor.Fail}, 4, []string{"invalid_scope unknown_scope"}},
	{"a post-logout URL that is not registered", "", func(s *shop) { s.registered = s.registered[:1] },
		found{"post-logout-url": doctor.Fail}, 4, []string{"/ is not registered"}},

	{"a gateway that is away", config.HMAC, func(s *shop) { s.gateway.Close() },
		found{"gateway-url": doctor.Warn, "login": doctor.Skip}, 0, []string{"connection refused"}},
	{"a login that cannot begin", "", func(s *shop) {
		s.loginAnswer = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }
	}, found{"login": doctor.Fail}, 4, []string{"/login answers 503"}},
	{"a proxy that changes the Host", "", func(s *shop) {
		s.loginAnswer = func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, s.gateway.URL+"/login?moved=1", http.StatusFound)
		}
	}, found{"login": doctor.Fail}, 4, []string{"another host name"}},
	{"browsers that are sent elsewhere", "", func(s *shop) { s.cfg.FusionAuthPublicURL = mustParse(s.t, "https://id.example.com") },
		found{"login": doctor.Fail}, 4, []string{"FUSIONAUTH_PUBLIC_URL is https://id.example.com"}},
	{"a gateway with other settings", "", func(s *shop) {
		s.loginAnswer = func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, s.identity.URL+"/oauth2/authorize?client_id=other", http.StatusFound)
		}
	}, found{"login": doctor.Fail}, 4, []string{"has another GATEWAY_URL or FUSIONAUTH_CLIENT_ID"}},

	{"a catalog that is away", "", func(s *shop) { s.catalog.Close() },
		found{"service catalog": doctor.Fail, "clocks catalog": doctor.Skip, "gateway-token catalog": doctor.Skip, "relayed-token catalog": doctor.Skip}, 5, nil},
	{"an inventory that is away", "", func(s *shop) { s.inventory.Close() },
		found{"service inventory": doctor.Fail, "clocks inventory": doctor.Skip, "relayed-token inventory": doctor.Skip}, 5, nil},
	{"a Redis that is away", "", func(s *shop) { s.cfg.RedisURL = config.Secret("redis://user:hunter2@" + closed(s.t)) },
		found{"redis": doctor.Fail}, 5, []string{"Redis does not answer"}},
	{"a Redis URL that is none", "", func(s *shop) { s.cfg.RedisURL = "http://user:hunter2@redis" }, found{"redis": doctor.Fail}, 5, []string{"REDIS_URL: want"}},

	{"an identity server whose clock is late", "", func(s *shop) { s.late["identity server"] = time.Minute },
		found{"clocks identity server": doctor.Fail}, 3, []string{"behind this one"}},
	{"a catalog whose clock is late", "", func(s *shop) { s.late["catalog"] = time.Minute }, found{"clocks catalog": doctor.Fail}, 3, []string{"behind this one"}},
	{"an inventory whose clock is ahead", "", func(s *shop) { s.late["inventory"] = -time.Hour },
		found{"clocks inventory": doctor.Fail}, 3, []string{"ahead of this one"}},
	{"a clock that drifts", "", func(s *shop) { s.late["catalog"] = 15 * time.Second }, found{"clocks catalog": doctor.Warn}, 0, nil},

	{"a catalog with another key", config.HMAC, func(s *shop) {
		s.catalog.Config.Handler = s.service("catalog", "/products", auth.AnyToken, "JWT_SIGNING_KEY="+strings.Repeat("k", 40))
	}, found{"gateway-token catalog": doctor.Fail, "relayed-token catalog": doctor.Fail}, 3, []string{"it refuses a gateway token, signed by the JWT_SIGNING_KEY with fingerprint "}},
	{"a catalog that expects another gateway", "", func(s *shop) {
		s.catalog.Config.Handler = s.service("catalog", "/products", auth.AnyToken, "GATEWAY_ISSUER=elsewhere")
	}, found{"gateway-token catalog": doctor.Fail}, 3, nil},
	{"a catalog that fetches keys elsewhere", config.JWKS, func(s *shop) {
		s.catalog.Config.Handler = s.service("catalog", "/products", auth.AnyToken, "GATEWAY_JWKS_URL="+s.identity.URL+"/jwks")
	}, found{"gateway-token catalog": doctor.Fail}, 3, []string{"keys of GATEWAY_SIGNING_KEYS"}},
	{"a catalog that cannot fetch keys", config.JWKS, func(s *shop) {
		s.catalog.Config.Handler = s.service("catalog", "/products", auth.AnyToken, "GATEWAY_JWKS_URL=http://"+closed(s.t))
	}, found{"gateway-token catalog": doctor.Fail}, 3, []string{"it answers 503: Tokens cannot be checked"}},
	{"a catalog that asks for no token", "", func(s *shop) {
		s.catalog.Config.Handler = http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	}, found{"gateway-token catalog": doctor.Fail, "relayed-token catalog": doctor.Fail}, 3, []string{"/products is answered without any token"}},
	{"an inventory that expects another audience", "", func(s *shop) {
		s.inventory.Config.Handler = s.service("inventory", "/branches/:id/products", auth.UserToken, "USER_AUDIENCE=another")
	}, found{"relayed-token inventory": doctor.Fail}, 3, []string{"USER_AUDIENCE"}},

	{"a wrong password", "", func(s *shop) { s.cfg.Password = "wrong horse" },
		withoutToken(doctor.Fail), 3, []string{"password are not accepted"}},
	{"nobody to sign in", "", func(s *shop) { s.cfg.User = "" }, withoutToken(doctor.Skip), 0, []string{"DOCTOR_PASSWORD"}},
	{"a token of another issuer", "", func(s *shop) { s.claims["iss"] = "https://evil.example" },
		withoutToken(doctor.Fail), 3, []string{`bad_issuer: iss "https://evil.example", expected "http://127.0.0.1`, "troubleshooting.md#bad_issuer"}},
	{"a token that has expired", "", func(s *shop) { s.claims["exp"] = time.Now().Add(-time.Hour).Unix() },
		withoutToken(doctor.Fail), 3, []string{"expired: exp was 1h0m", "troubleshooting.md#expired"}},
	{"a token of another key", config.HMAC, func(s *shop) {
		s.tokens = authtest.New(s.t, "HS256")
	}, withoutToken(doctor.Fail), 3, []string{"bad_signature"}},
	{"a user without registration", "", func(s *shop) { s.claims["applicationId"], s.claims["roles"] = authtest.Absent, authtest.Absent },
		found{"roles": doctor.Fail}, 3, []string{"not registered for the application " + authtest.ClientID}},
	{"a user without a role", "", func(s *shop) { s.claims["roles"] = []string{"superadmin"} },
		found{"roles": doctor.Fail}, 3, []string{"no role at roles that is known here"}},
}

func withoutToken(status doctor.Status) found {
	return found{"user-token": status, "roles": doctor.Skip, "relayed-token catalog": doctor.Skip, "relayed-token inventory": doctor.Skip}
}

func merge(one, other found) found {
	maps.Copy(one, other)
	return one
}

func TestExamine_findsWhatIsBroken(t *testing.T) {
	t.Parallel()
	for _, tt := range breaks {
		modes := []string{config.HMAC, config.JWKS}
		if tt.mode != "" {
			modes = []string{tt.mode}
		}
		for _, mode := range modes {
			t.Run(tt.name+", "+mode, func(t *testing.T) {
				t.Parallel()
				s := newShop(t, mode)
				tt.harm(s)
				report := doctor.Examine(t.Context(), s.cfg)
				want := maps.Clone(tt.want)
				if want["redis"] == "" {
					want["redis"] = doctor.Skip // sessions are in memory
				}
				if diff := cmp.Diff(want, statuses(report, doctor.OK)); diff != "" {
					t.Errorf("(-want +got)\n%s\n%s", diff, said(report))
				}
				if exitCode(report) != tt.code {
					t.Errorf("exit code %d, want %d", exitCode(report), tt.code)
				}
				checkText(t, s, said(report), tt.says)
			})
		}
	}
}

func checkText(t *testing.T, s *shop, text string, says []string) {
	t.Helper()
	for _, want := range says {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not said:\n%s", want, text)
		}
	}
	secrets := []string{clientSecret, password, "wrong horse", "hunter2", email, "eyJ"}
	if s.mode == config.HMAC {
		secrets = append(secrets, s.tokens.Users.Secret())
	}
	for _, secret := range secrets {
		if strings.Contains(text, secret) {
			t.Errorf("%q is said:\n%s", secret, text)
		}
	}
}

// Behind https the cookies must be Secure and bound to the host.
func TestExamine_cookies(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		url    string // of the gateway; "" is an https one
		cookie *http.Cookie
		want   doctor.Status
		says   string
	}{
		"plain http in public":     {"http://shop.example.com", nil, doctor.Fail, "GATEWAY_URL is http"},
		"plain http on this host":  {"http://localhost:1", nil, doctor.OK, "loopback"},
		"https and a plain cookie": {"", &http.Cookie{Name: "fa.gw.login.state"}, doctor.Fail, "fa.gw.login.s… is not Secure"},
		"https and no prefix":      {"", &http.Cookie{Name: "fa.gw.login.state", Secure: true}, doctor.Fail, "has not the prefix __Host-"},
		"https as it should be":    {"", &http.Cookie{Name: "__Host-fa.gw.login.state", Secure: true, Path: "/"}, doctor.OK, "Secure and __Host-"},
		"https and no cookie":      {"", nil, doctor.Skip, "sets no cookie"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t, config.HMAC)
			gateway := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if tt.cookie != nil {
					http.SetCookie(w, tt.cookie)
				}
				query := url.Values{"client_id": {authtest.ClientID}, "redirect_uri": {"https://" + r.Host + "/oauth-redirect"}}
				if r.URL.Path == "/login" {
					http.Redirect(w, r, s.identity.URL+"/oauth2/authorize?"+query.Encode(), http.StatusFound)
				}
			}))
			t.Cleanup(gateway.Close)
			s.cfg.TLS = gateway.Client().Transport.(*http.Transport).TLSClientConfig
			s.cfg.GatewayURL = mustParse(t, gateway.URL)
			if tt.url != "" {
				s.cfg.GatewayURL = mustParse(t, tt.url)
			}
			s.registered = []string{s.cfg.GatewayURL.String() + "/oauth-redirect", s.cfg.GatewayURL.String() + "/"}
			report := doctor.Examine(t.Context(), s.cfg)
			at := slices.IndexFunc(report.Findings, func(f doctor.Finding) bool { return f.Check == "cookies" })
			if f := report.Findings[at]; f.Status != tt.want || !strings.Contains(f.Found, tt.says) || strings.Contains(f.Found, "state") {
				t.Errorf("cookies = %+v, want %s and %q", f, tt.want, tt.says)
			}
			others := statuses(report, doctor.OK)
			maps.DeleteFunc(others, func(name string, _ doctor.Status) bool {
				return slices.Contains([]string{"redis", "cookies", "gateway-url", "login"}, name)
			})
			if len(others) > 0 {
				t.Errorf("others: %v\n%s", others, said(report))
			}
		})
	}
}
