package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"

	"github.com/gin-gonic/gin"

	"storefront/inventory/internal/stock"
	"storefront/shared/auth"
	"storefront/shared/database"
	"storefront/shared/problem"
	"storefront/shared/server"
)

// store is what the handlers need of the branches.
type store interface {
	Branches(ctx context.Context) ([]stock.Branch, error)
	BranchesOf(ctx context.Context, subject string) ([]stock.Branch, error)
	CreateBranch(ctx context.Context, by stock.Author, c stock.BranchContent) (stock.Branch, error)
	Levels(ctx context.Context, branch int64) (stock.Branch, []stock.Level, error)
	Holdings(ctx context.Context, product int64) ([]stock.Holding, error)
	HoldingsOf(ctx context.Context, subject string, product int64) ([]stock.Holding, error)

	Move(ctx context.Context, by stock.Author, branch int64, o stock.Order, key string) (stock.Movement, error)
	Movements(ctx context.Context, q stock.Query) (page []stock.Movement, more bool, err error)
	Movement(ctx context.Context, branch, id int64) (stock.Movement, error)

	Manages(ctx context.Context, subject string, branch int64) (bool, error)
	Managers(ctx context.Context, branch int64) ([]stock.Manager, error)
	AddManager(ctx context.Context, by stock.Author, branch int64, subject string) error
	RemoveManager(ctx context.Context, by stock.Author, branch int64, subject string) error

	AuditBranches(ctx context.Context, q stock.Query) (page []stock.Change, more bool, err error)
	AuditMovements(ctx context.Context, q stock.Query) (page []stock.Entry, more bool, err error)
}

var problems = problem.Table{
	{Err: stock.ErrNotFound, Status: http.StatusNotFound, Slug: "branch-not-found", Detail: "There is no branch with this id."},
	{Err: stock.ErrNoMovement, Status: http.StatusNotFound, Slug: "movement-not-found", Detail: "The branch has no movement with this id."},
	{Err: stock.ErrNoDestination, Status: http.StatusUnprocessableEntity, Slug: "destination-not-found", Detail: "There is no branch with the id in to_branch."},
	{Err: stock.ErrUnknownProduct, Status: http.StatusUnprocessableEntity, Slug: "product-unknown", Detail: "Inventory does not know this product yet; say its name."},
	{Err: stock.ErrTooLittle, Status: http.StatusConflict, Slug: "insufficient-stock", Detail: "The branch has less of this product than that."},
	{Err: stock.ErrTooMuch, Status: http.StatusConflict, Slug: "stock-limit", Detail: "The branch would have more of this product than can be counted here."},
	{Err: stock.ErrKeyReused, Status: http.StatusUnprocessableEntity, Slug: "idempotency-key-reused", Detail: "Another request has used this Idempotency-Key."},
}

// fail answers an error of the store.
func fail(c *gin.Context, err error) {
	switch {
	case c.Request.Context().Err() != nil:
		server.Cut(c, err) // nobody waits for the answer
	case errors.Is(err, database.ErrAway):
		problem.Unavailable(c, "The stock cannot be reached at the moment.", err)
	default:
		problems.Respond(c, err)
	}
}

type handlers struct {
	store store
	home  string // Location of a 403; "" is none
}

// ownBranch lets admins pass, and managers to the branches that they manage. Whether another branch exists stays untold to them.
func (h handlers) ownBranch(c *gin.Context) { h.mayWorkOn(c, branchID(c)) }

func (h handlers) mayWorkOn(c *gin.Context, branch int64) bool {
	caller, _ := auth.From(c)
	if caller.Has(auth.Admin) {
		return true
	}
	manages, err := h.store.Manages(c.Request.Context(), caller.Subject, branch)
	if err != nil {
		fail(c, err)
		return false
	}
	if !manages {
		auth.Forbid(c, h.home, "not the manager of this branch")
	}
	return manages
}

// branchID is the id in a path that server.RequireID let pass.
func branchID(c *gin.Context) int64 {
	id, _ := server.ID(c)
	return id
}

func author(c *gin.Context) stock.Author {
	caller, _ := auth.From(c)
	return stock.Author{Subject: caller.Subject, RequestID: server.RequestID(c), Renames: caller.Has(auth.Admin)}
}

// respond answers with the body, or with the error.
func respond(c *gin.Context, body any, err error) {
	if err != nil {
		fail(c, err)
		return
	}
	c.JSON(http.StatusOK, body)
}

func (h handlers) branches(c *gin.Context) {
	caller, _ := auth.From(c)
	var branches []stock.Branch
	var err error
	if caller.Has(auth.Admin) {
		branches, err = h.store.Branches(c.Request.Context())
	} else {
		branches, err = h.store.BranchesOf(c.Request.Context(), caller.Subject)
	}
	respond(c, gin.H{"branches": branches}, err)
}

func (h handlers) createBranch(c *gin.Context) {
	content, ok := server.JSON[stock.BranchContent](c)
	if !ok || !valid(c, content.Validate()) {
		return
	}
	branch, err := h.store.CreateBranch(c.Request.Context(), author(c), content)
	if err != nil {
		fail(c, err)
		return
	}
	c.Header("Location", fmt.Sprintf("/branches/%d/products", branch.ID))
	c.JSON(http.StatusCreated, branch)
}

// valid answers 422 with all that is wrong, or reports that nothing is.
func valid(c *gin.Context, faults []stock.Fault) bool {
	fields := make([]problem.Field, len(faults))
	for i, f := range faults {
		fields[i] = problem.Field{Name: f.Field, Message: f.Message}
	}
	if len(fields) > 0 {
		problem.Invalid(c, fields...)
	}
	return len(fields) == 0
}

func (h handlers) levels(c *gin.Context) {
	branch, levels, err := h.store.Levels(c.Request.Context(), branchID(c))
	respond(c, gin.H{"branch": branch, "products": levels}, err)
}

// holdings says where a product lies: in all branches to admins, in their own to managers.
func (h handlers) holdings(c *gin.Context) {
	id, _ := server.ID(c)
	caller, _ := auth.From(c)
	var found []stock.Holding
	var err error
	if caller.Has(auth.Admin) {
		found, err = h.store.Holdings(c.Request.Context(), id)
	} else {
		found, err = h.store.HoldingsOf(c.Request.Context(), caller.Subject, id)
	}
	respond(c, gin.H{"product_id": id, "branches": found}, err)
}

func (h handlers) managers(c *gin.Context) {
	managers, err := h.store.Managers(c.Request.Context(), branchID(c))
	respond(c, gin.H{"managers": managers}, err)
}

func (h handlers) addManager(c *gin.Context) { changeManager(c, h.store.AddManager) }

func (h handlers) removeManager(c *gin.Context) { changeManager(c, h.store.RemoveManager) }

// subjectForm is that of users' ids, of which a UUID is one; no name and no address is.
var subjectForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

func changeManager(c *gin.Context, do func(ctx context.Context, by stock.Author, branch int64, subject string) error) {
	subject := c.Param("subject")
	if !subjectForm.MatchString(subject) {
		problem.Respond(c, http.StatusBadRequest, "The subject in the path is not the id of a user.", errors.New("bad subject"))
		return
	}
	if err := do(c.Request.Context(), author(c), branchID(c), subject); err != nil {
		fail(c, err)
		return
	}
	c.Status(http.StatusNoContent)
}
