package weak

import (
	"net/http"
	"regexp"
	"strings"
	"sync"
)

// Adopts keeps the session id that the browser came with.
func Adopts() *Weakness {
	var mu sync.Mutex
	genuine := map[string]string{}
	cookie := regexp.MustCompile(`fa\.gw\.sid=([^;\r\n]*)`)
	return &Weakness{
		Request: func(request []byte) []byte {
			mu.Lock()
			defer mu.Unlock()
			if had := cookie.FindSubmatch(Head(request)); had != nil && genuine[string(had[1])] != "" {
				return cookie.ReplaceAll(request, []byte("fa.gw.sid="+genuine[string(had[1])]))
			}
			return request
		},
		Answer: func(request, answer []byte) []byte {
			had, new := cookie.FindSubmatch(Head(request)), cookie.FindSubmatch(Head(answer))
			if had == nil || new == nil || len(new[1]) == 0 {
				return answer
			}
			mu.Lock()
			defer mu.Unlock()
			genuine[string(had[1])] = string(new[1])
			return cookie.ReplaceAll(answer, had[0])
		},
	}
}

// Remembers gives the first answer to a request again to everybody.
func Remembers(target string) *Weakness {
	var mu sync.Mutex
	var first []byte
	return &Weakness{Answer: func(request, answer []byte) []byte {
		mu.Lock()
		defer mu.Unlock()
		if Target(request) != target {
			return answer
		}
		if first == nil {
			first = answer
		}
		return first
	}}
}

// Returns ends a login wherever its beginning asked for.
func Returns() *Weakness {
	var mu sync.Mutex
	var to string
	return &Weakness{Answer: func(request, answer []byte) []byte {
		mu.Lock()
		defer mu.Unlock()
		if _, asked, ok := strings.Cut(Target(request), "return_to="); ok {
			to = unescaped(asked)
		}
		if strings.HasPrefix(Target(request), "/oauth-redirect") {
			return SetField(answer, "Location", to)
		}
		return answer
	}}
}

// Trusts takes a token that was good enough once for good enough everywhere.
func (s Shop) Trusts() *Weakness {
	var mu sync.Mutex
	good := map[string]bool{}
	return &Weakness{
		Request: func(request []byte) []byte {
			mu.Lock()
			defer mu.Unlock()
			if good[Field(request, "Authorization")] {
				return s.AsAdmin(request)
			}
			return request
		},
		Answer: func(request, answer []byte) []byte {
			mu.Lock()
			defer mu.Unlock()
			if strings.Contains(Line(answer), " 200 ") {
				good[Field(request, "Authorization")] = true
			}
			return answer
		},
	}
}

// Limits refuses a client from its n-th login on; the client is whoever the field says it is, or all are one.
func Limits(n int, field string) *Weakness {
	var mu sync.Mutex
	count := map[string]int{}
	return &Weakness{Request: func(request []byte) []byte {
		mu.Lock()
		defer mu.Unlock()
		client := ""
		if field != "" {
			client = Field(request, field)
		}
		if count[client]++; Target(request) == "/login" && count[client] > n {
			return Canned(http.StatusTooManyRequests, "")
		}
		return request
	}}
}
