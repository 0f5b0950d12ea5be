package server

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"storefront/shared/problem"
)

// Query is the parameters of a request that a route knows, each once. Those that it does not know are passed over, as everywhere on
// the web: campaigns and caches add their own. Faults are collected, and answered all at once by [Query.Done].
type Query struct {
	values map[string]string
	faults []problem.Field
}

// ReadQuery reads the known parameters of a request.
func ReadQuery(c *gin.Context, known ...string) *Query {
	q := &Query{values: map[string]string{}}
	for pair := range strings.SplitSeq(c.Request.URL.RawQuery, "&") {
		rawName, rawValue, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(rawName)
		if err != nil || !slices.Contains(known, name) {
			continue
		}
		value, err := url.QueryUnescape(rawValue)
		if err != nil {
			q.Fault(name, "is not percent-encoded as it should be")
		}
		if _, again := q.values[name]; again {
			q.Fault(name, "stands here more than once")
		}
		q.values[name] = value
	}
	return q
}

// Fault notes what is wrong with a parameter.
func (q *Query) Fault(name, message string) {
	q.faults = append(q.faults, problem.Field{Name: name, Message: message})
}

// Text gives a parameter, "" where it is not given.
func (q *Query) Text(name string) string { return q.values[name] }

// Integer gives a parameter that is an integer from least to most, or nil where it is not given.
func (q *Query) Integer(name string, least, most int64) *int64 {
	text := q.values[name]
	if text == "" {
		return nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < least || n > most {
		q.Fault(name, fmt.Sprintf("must be an integer from %d to %d", least, most))
		return nil
	}
	return &n
}

// How many a page of a list has.
const (
	defaultLimit = 20
	maxLimit     = 100
)

// Limit gives the parameter limit: how many a page has, 1 to 100, 20 where it is not given.
func (q *Query) Limit() int {
	if n := q.Integer("limit", 1, maxLimit); n != nil {
		return int(*n)
	}
	return defaultLimit
}

// ID gives a parameter that is an id, 0 where it is not given.
func (q *Query) ID(name string) int64 {
	if n := q.Integer(name, 1, 1<<63-1); n != nil {
		return *n
	}
	return 0
}

// Done answers 400 with the faults, if there are any, and reports whether there are none.
func (q *Query) Done(c *gin.Context) bool {
	if len(q.faults) > 0 {
		slices.SortStableFunc(q.faults, func(a, b problem.Field) int { return strings.Compare(a.Name, b.Name) })
		problem.Malformed(c, "The query cannot be understood.", q.faults...)
	}
	return len(q.faults) == 0
}
