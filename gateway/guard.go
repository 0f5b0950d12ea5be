package main

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"storefront/gateway/internal/session"
	"storefront/shared/problem"
)

// oneCredential refuses a request that carries a Bearer token and a session cookie: whose request it is would be a matter of taste.
func oneCredential(secure bool) gin.HandlerFunc {
	return func(c *gin.Context) {
		if session.HasCookie(c.Request, secure) && sendsBearer(c.Request) {
			problem.Respond(c, http.StatusBadRequest, "Send a session cookie or a Bearer token, not both.", errors.New("cookie and bearer"))
		}
	}
}

func sendsBearer(r *http.Request) bool {
	for _, v := range r.Header["Authorization"] {
		scheme, _, _ := strings.Cut(v, " ")
		if strings.EqualFold(scheme, "Bearer") {
			return true
		}
	}
	return false
}

// crossOrigin refuses unsafe requests that another site has made a browser send. A sibling subdomain is another site too; the one
// trusted origin is GATEWAY_URL's. A Bearer token without a cookie is no browser's doing and passes.
func crossOrigin(gateway *url.URL) (gin.HandlerFunc, error) {
	own := gateway.Scheme + "://" + gateway.Host
	protection := http.NewCrossOriginProtection()
	if err := protection.AddTrustedOrigin(own); err != nil {
		return nil, err
	}
	return func(c *gin.Context) {
		if sendsBearer(c.Request) && len(c.Request.Header["Cookie"]) == 0 {
			return
		}
		err := protection.Check(c.Request)
		origin := c.GetHeader("Origin")
		if err == nil && !safe(c.Request.Method) && c.GetHeader("Sec-Fetch-Site") == "" && origin != "" && origin != own {
			err = errors.New("origin is not GATEWAY_URL's") // the check above takes the host of the request for ours, which is the client's to choose
		}
		if err != nil {
			problem.Respond(c, http.StatusForbidden, "This request comes from another site.", err)
		}
	}, nil
}

func safe(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}
