package server

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"storefront/shared/problem"
)

// ID gives the path parameter :id, a positive integer in its one decimal spelling; for anything else it answers 400 and
// reports false.
func ID(c *gin.Context) (int64, bool) { return PathID(c, "id") }

// PathID is ID for a path parameter of another name.
func PathID(c *gin.Context, name string) (int64, bool) {
	text := c.Param(name)
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id <= 0 || strconv.FormatInt(id, 10) != text {
		problem.Respond(c, http.StatusBadRequest, "The id in the path is not a positive integer.", errors.New("bad id"))
		return 0, false
	}
	return id, true
}

// RequireID refuses a request whose path parameter :id is none, for routes whose handler passes the path on.
func RequireID(c *gin.Context) { ID(c) }
