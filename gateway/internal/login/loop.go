package login

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"storefront/gateway/internal/session"
)

// Where signing in goes in a circle, a browser follows redirects for ever and shows nothing. So a third login within a minute shows a
// page that says what the gateway sees. Only logins that were completed count, and attempts that came back without their cookie: ten
// tabs that begin at once are no circle. The browser counts by itself, in a cookie of its own or in the state of its attempts; an
// address that many browsers share never decides.
const (
	loopWindow = time.Minute
	loopLogins = 2 // completed within the window; the next is the third
	maxStrays  = 2
)

// strayed is the query parameter of /login that tells how many attempts have come back without their cookie, and insist the one with which
// a person goes on from the page.
const (
	strayed = "strayed"
	insist  = "insist"
)

// Loop is what the gateway sees of a circle.
type Loop struct {
	Cause    Cause
	ReturnTo string // where the browser wants to go
	Again    string // the address that begins another login
	Else     string // the same as somebody else
}

// Cause is why signing in does not help. Its text is the anchor in docs/troubleshooting.md.
type Cause string

// The causes that can be told apart from here.
const (
	CookiesMissing Cause = "login-loop-cookies" // the browser sends no cookie back
	SessionUnknown Cause = "login-loop-session" // it sends one that the store does not know
	TokenRefused   Cause = "login-loop-refused" //nolint:gosec // the session is there, and its token is refused
)

// circles reports whether the browser runs in a circle, and why.
func (l *Login) circles(c *gin.Context, returnTo string) (Loop, bool) {
	if c.Query(insist) != "" || asSomebodyElse(c) || c.Request.Method != http.MethodGet {
		return Loop{}, false
	}
	if strays(c) < maxStrays && l.logins.count(c.Request, l.now()) < loopLogins {
		return Loop{}, false
	}
	query := url.Values{"return_to": {returnTo}, insist: {"1"}}
	again := "/login?" + query.Encode()
	query.Set("prompt", promptLogin)
	return Loop{Cause: l.loopCause(c), ReturnTo: returnTo, Again: again, Else: "/login?" + query.Encode()}, true
}

func (l *Login) loopCause(c *gin.Context) Cause {
	_, err := session.From(c)
	switch {
	case !session.HasCookie(c.Request, l.cfg.Secure):
		return CookiesMissing
	case err != nil:
		return SessionUnknown
	default:
		return TokenRefused
	}
}

func strays(c *gin.Context) int {
	return attempt{State: "." + c.Query(strayed)}.strays()
}

// recent is a browser's own memory of its logins: a cookie with the times of the last few. It protects nobody but the browser, so nothing
// is signed.
type recent struct {
	name   string
	secure bool
}

func newRecent(secure bool) recent {
	if secure {
		return recent{"__Host-fa.gw.logins", true}
	}
	return recent{"fa.gw.logins", false}
}

// times are those of the cookie within the window.
func (r recent) times(req *http.Request, now time.Time) []string {
	cookie, err := req.Cookie(r.name)
	if err != nil || len(cookie.Value) > 64 {
		return nil
	}
	var times []string
	for text := range strings.SplitSeq(cookie.Value, ".") {
		seconds, err := strconv.ParseInt(text, 10, 64)
		if age := now.Sub(time.Unix(seconds, 0)); err == nil && 0 <= age && age < loopWindow {
			times = append(times, text)
		}
	}
	return times
}

func (r recent) count(req *http.Request, now time.Time) int { return len(r.times(req, now)) }

// note adds a login; the last few are enough.
func (r recent) note(w http.ResponseWriter, req *http.Request, now time.Time) {
	times := append(r.times(req, now), strconv.FormatInt(now.Unix(), 10))
	times = times[max(0, len(times)-loopLogins):]
	http.SetCookie(w, r.cookie(strings.Join(times, "."), int(loopWindow.Seconds())))
}

// clear forgets them: who signs out runs in no circle.
func (r recent) clear(w http.ResponseWriter) { http.SetCookie(w, r.cookie("", -1)) }

func (r recent) cookie(value string, maxAge int) *http.Cookie {
	return &http.Cookie{
		Name: r.name, Value: value, MaxAge: maxAge,
		Path: "/", HttpOnly: true, Secure: r.secure, SameSite: http.SameSiteLaxMode,
	}
}
