package admin

import (
	"net/http"
	"net/netip"
	"net/url"

	"storefront/shared/config"
)

// guard lets in who sits at this machine and means it. To everybody else there is nothing here.
//
// The peer's address alone is not enough: a page of any site can have its name resolve to 127.0.0.1 and then talk to this server
// through the browser (DNS rebinding), which the Host header tells; a proxy on this machine makes the whole world local, which its
// own headers tell. Posts from another site's page, to which browsers add no proof of who sent them, are refused by where they
// come from.
func guard(next http.Handler) http.Handler {
	crossOrigin := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !localPeer(r.RemoteAddr) || !localHost(r.Host) || forwarded(r.Header) {
			http.NotFound(w, r)
			return
		}
		if err := crossOrigin.Check(r); err != nil {
			respond(w, http.StatusForbidden, failure{"the request comes from another site"})
			return
		}
		next.ServeHTTP(w, r)
	})
}

func localPeer(address string) bool {
	peer, err := netip.ParseAddrPort(address)
	return err == nil && peer.Addr().Unmap().IsLoopback()
}

func localHost(host string) bool {
	named := url.URL{Host: host}
	return config.Loopback(named.Hostname())
}

// forwarded reports whether a proxy says that it stands in between.
func forwarded(header http.Header) bool {
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Via"} {
		if _, ok := header[name]; ok {
			return true
		}
	}
	return false
}
