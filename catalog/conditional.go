package main

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"storefront/catalog/internal/product"
	"storefront/shared/problem"
)

// etag names the version of a product (RFC 9110 §8.8.3).
func etag(p product.Product) string { return tag(p.Version) }

func tag(version int64) string { return fmt.Sprintf(`"%d"`, version) }

// unchanged sends the ETag, and answers 304 to a client that has this version already (RFC 9110 §13.1.2: a weak comparison).
func unchanged(c *gin.Context, etag string) bool {
	c.Header("ETag", etag)
	for _, has := range listed(c, "If-None-Match") {
		if has == "*" || strings.TrimPrefix(has, "W/") == etag {
			c.Status(http.StatusNotModified)
			return true
		}
	}
	return false
}

// requireMatch answers 428 to a change that does not say which version it was made for (RFC 6585 §3).
func requireMatch(c *gin.Context) bool {
	if len(listed(c, "If-Match")) > 0 {
		return true
	}
	problem.Respond(c, http.StatusPreconditionRequired, "Say in If-Match which version is to be replaced; its ETag names it.", errors.New("no If-Match"))
	return false
}

// matches gives the test of If-Match (RFC 9110 §13.1.1: a strong comparison, which no weak tag passes). Without the header every version passes.
func matches(c *gin.Context) func(version int64) bool {
	wanted := listed(c, "If-Match")
	return func(version int64) bool {
		for _, w := range wanted {
			if w == "*" || w == tag(version) {
				return true
			}
		}
		return len(wanted) == 0
	}
}

// listed gives the elements of a header that is a list of tags. Ours hold no comma, so one that does matches nothing whole or in parts.
func listed(c *gin.Context, header string) []string {
	var tags []string
	for _, line := range c.Request.Header.Values(header) {
		for t := range strings.SplitSeq(line, ",") {
			if t = strings.TrimSpace(t); t != "" {
				tags = append(tags, t)
			}
		}
	}
	return tags
}
