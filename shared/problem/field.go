package problem

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"
)

// Field says what is wrong with one member of a body, or one parameter of a query.
type Field struct {
	Name    string `json:"field"` // where it stands: "price", "lines.0.product_id"; "" is the whole
	Message string `json:"message"`
}

var errFields = errors.New("fields cannot be accepted")

// Malformed ends the request with a 400: it does not have the form that is asked for here, as each of the fields tells.
func Malformed(c *gin.Context, detail string, fields ...Field) {
	refuse(c, Document{Status: http.StatusBadRequest, Type: "malformed", Code: "malformed", Detail: detail}, fields)
}

// Invalid ends the request with a 422: it has the right form, and its values cannot be accepted.
func Invalid(c *gin.Context, fields ...Field) {
	refuse(c, Document{Status: http.StatusUnprocessableEntity, Type: "invalid", Code: "invalid", Detail: "Some values cannot be accepted."}, fields)
}

// refuse lists the fields beside the members that every problem has.
func refuse(c *gin.Context, d Document, fields []Field) {
	cause(c, errFields)
	send(c, d.Status, struct {
		Document
		Errors []Field `json:"errors,omitempty"`
	}{complete(c, d), fields})
}
