package login

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/gin-gonic/gin"
	"golang.org/x/oauth2"

	"storefront/shared/problem"
	"storefront/shared/server"
)

// start sends the browser to the identity server with a new attempt.
func (l *Login) start(c *gin.Context) {
	returnTo := localPath(c.Query("return_to"))
	if l.onOtherHost(c.Request) {
		l.moveHome(c, returnTo)
		return
	}
	if loop, circles := l.circles(c, returnTo); circles {
		l.cfg.Pages.Loop(c, loop)
		return
	}
	p, err := l.provider.get(c.Request.Context())
	if err != nil {
		l.fail(c, fmt.Errorf("%w: %w", errUnavailable, err))
		return
	}
	t := newAttempt(returnTo, strays(c), l.now())
	if err := l.attempts.begin(c.Writer, c.Request, t); err != nil {
		problem.Table(nil).Respond(c, err)
		return
	}
	c.Header("Cache-Control", "no-store")
	options := []oauth2.AuthCodeOption{oidc.Nonce(t.Nonce), oauth2.S256ChallengeOption(t.Verifier)}
	if asSomebodyElse(c) {
		options = append(options, oauth2.SetAuthURLParam("prompt", promptLogin))
	}
	c.Redirect(http.StatusFound, p.oauth2.AuthCodeURL(t.State, options...))
}

// promptLogin asks the identity server for its form even where it knows the browser, so that somebody else can sign in (OpenID
// Connect Core §3.1.2.1).
const promptLogin = "login"

func asSomebodyElse(c *gin.Context) bool { return c.Query("prompt") == promptLogin }

// moved marks a redirect to GATEWAY_URL, so that a proxy that rewrites Host cannot make a loop of it.
const moved = "moved"

// onOtherHost reports whether the browser knows the gateway by another name than GATEWAY_URL's, such as 127.0.0.1 for localhost:
// the callback goes to GATEWAY_URL, where cookies of the other name would be missing.
func (l *Login) onOtherHost(r *http.Request) bool {
	return !strings.EqualFold(r.Host, l.cfg.GatewayURL.Host) && !r.URL.Query().Has(moved)
}

func (l *Login) moveHome(c *gin.Context, returnTo string) {
	c.Header("Cache-Control", "no-store")
	query := url.Values{"return_to": {returnTo}, moved: {"1"}}
	if asSomebodyElse(c) {
		query.Set("prompt", promptLogin)
	}
	c.Redirect(http.StatusFound, l.cfg.GatewayURL.String()+"/login?"+query.Encode())
}

// to is the address of a fresh login that comes back to returnTo.
func to(returnTo string) string {
	return "/login?" + url.Values{"return_to": {returnTo}}.Encode()
}

// localPath gives target if it is a path on this host that the gateway would serve, and / for everything else: another origin in
// any of the spellings that browsers take for one (ASVS 5.1.5), or text that is no request target.
func localPath(target string) string {
	if !server.PlainTarget(target) || len(target) > server.MaxTarget {
		return "/"
	}
	return target
}
