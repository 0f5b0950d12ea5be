package storefront

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"
	"golang.org/x/sync/errgroup"

	"storefront/gateway/internal/upstream"
	"storefront/shared/problem"
	"storefront/shared/server"
)

// A movement is sent twice: the first time shows what will happen, the second does it. It carries a key from the first form on, so that
// sending it again, also after an answer that never came, records it once.
var moveFields = []string{"kind", "product_id", "other", "quantity", "to_branch", "note", "key", "step"}

// keyForm is that of keys which inventory takes; any other was not made here.
var keyForm = regexp.MustCompile(`^[A-Za-z0-9]{8,64}$`)

// The steps of a form that is sent.
const (
	stepRecord = "record" // it was confirmed
	stepChange = "change" // back to the form
)

type movePage struct {
	Branch Branch
	Form   *form
}

// confirmPage shows a movement before it is recorded.
type confirmPage struct {
	Branch        Branch
	Kind          string
	Product       string
	Change        string
	Before, After int64
	ToBranch      string
	Note          string
	Hidden        []pair
	Action        string
	Trouble       string
}

// yard looks at the branch of the path, or answers why that cannot be.
func (p *Pages) yard(c *gin.Context) (y yard, ok bool) {
	id, _ := server.ID(c)
	var group errgroup.Group
	group.Go(func() (err error) {
		y.holding, err = p.levels(c, id)
		return err
	})
	group.Go(func() error {
		all, err := p.myBranches(c)
		for _, b := range all {
			if b.ID != id {
				y.others = append(y.others, b)
			}
		}
		return err
	})
	if err := group.Wait(); err != nil {
		p.fail(c, err, stockAway)
		return y, false
	}
	return y, true
}

func (p *Pages) moveForm(c *gin.Context) {
	y, ok := p.yard(c)
	if !ok {
		return
	}
	values := map[string]string{"product_id": c.Query("product"), "key": rand.Text()}
	p.showMove(c, http.StatusOK, y, y.form(values))
}

func (p *Pages) showMove(c *gin.Context, status int, y yard, f *form) {
	p.render(c, status, "move", "Record a movement", movePage{y.Branch, f})
}

func (y yard) form(v map[string]string) *form {
	products := []option{{Value: "", Label: "Choose a product"}}
	for _, l := range y.Products {
		products = append(products, option{Value: strconv.FormatInt(l.ProductID, 10), Label: fmt.Sprintf("%s (%d)", l.Name, l.Quantity)})
	}
	f := &form{
		Action: y.Branch.Path() + "/move", Submit: "Continue", Cancel: y.Branch.Path(), Hidden: []pair{{"key", v["key"]}},
		Fields: []*field{
			{Name: "kind", Label: "What happens", Kind: "choice", Options: choose(y.kinds(), v["kind"]), Required: true},
			{Name: "product_id", Label: "Product", Kind: "select", Options: choose(products, v["product_id"]), Hint: "In brackets, how many are here."},
			{Name: "other", Label: "Or the number of another product", Kind: "number", Value: v["other"], Hint: "For one that was never here: 12, where its page is /shop/12."},
			{Name: "quantity", Label: "Quantity", Kind: "number", Value: v["quantity"], Required: true, Hint: "Of a correction, the difference: \u22122 where two are missing."},
		},
	}
	if len(y.others) > 0 {
		to := []option{{Value: "", Label: "Choose a branch"}}
		for _, b := range y.others {
			to = append(to, option{Value: strconv.FormatInt(b.ID, 10), Label: b.Name + ", " + b.City})
		}
		f.Fields = append(f.Fields, &field{Name: "to_branch", Label: "To branch", Kind: "select", Options: choose(to, v["to_branch"]), Hint: "For a transfer alone."})
	}
	f.Fields = append(f.Fields, &field{Name: "note", Label: "Note", Kind: "area", Value: v["note"], Max: 500, Optional: true, Hint: "For whoever reads the ledger later."})
	return f
}

func (p *Pages) move(c *gin.Context) {
	y, ok := p.yard(c)
	if !ok {
		return
	}
	v := typed(c, moveFields)
	if !keyForm.MatchString(v["key"]) {
		v["key"] = rand.Text()
	}
	if v["step"] == stepChange {
		p.showMove(c, http.StatusOK, y, y.form(v))
		return
	}
	o, faults := y.order(v)
	if len(faults) == 0 && v["step"] != stepRecord {
		faults = y.shortage(o)
	}
	if len(faults) == 0 {
		o.Name, faults, ok = p.productName(c, y, o.ProductID, v)
	}
	switch {
	case !ok:
	case len(faults) > 0:
		f := y.form(v)
		f.blame(faults...)
		p.showMove(c, http.StatusUnprocessableEntity, y, f)
	case v["step"] == stepRecord:
		p.record(c, y, o, v)
	default:
		p.confirm(c, http.StatusOK, y, o, v, "")
	}
}

// productName gives the catalog's name of a product that is new to the branch, which inventory may have to learn.
func (p *Pages) productName(c *gin.Context, y yard, id int64, v map[string]string) (name string, faults []problem.Field, ok bool) {
	if level, here := y.level(id); here {
		return level.Name, nil, true
	}
	product, err := p.find(c, false, strconv.FormatInt(id, 10))
	switch {
	case err == nil:
		return product.Name, nil, true
	case refusal(err) == http.StatusNotFound && v["product_id"] == "":
		return "", []problem.Field{{Name: "other", Message: "must be the number of a product on sale"}}, true
	case refusal(err) == http.StatusNotFound:
		return "", []problem.Field{{Name: "product_id", Message: "must be a product on sale"}}, true
	default:
		p.fail(c, err, catalogAway)
		return "", nil, false
	}
}

func (p *Pages) confirm(c *gin.Context, status int, y yard, o order, v map[string]string, trouble string) {
	page := confirmPage{
		Branch: y.Branch, Product: o.Name, Change: signed(o.change()), ToBranch: y.name(o.ToBranch), Note: o.Note,
		Kind: labelOf(y.kinds(), o.Kind), Before: y.quantity(o.ProductID), After: y.quantity(o.ProductID) + o.change(), Action: y.Branch.Path() + "/move", Trouble: trouble,
	}
	for _, name := range moveFields {
		if name != "step" {
			page.Hidden = append(page.Hidden, pair{name, v[name]})
		}
	}
	p.render(c, status, "confirm", "Is this right?", page)
}

// record has inventory do it. A name goes along where the product's number was typed, as it is for one that is new to the branch. Whether it
// is new by now does not matter: what is sent again must be what was sent before.
func (p *Pages) record(c *gin.Context, y yard, o order, v map[string]string) {
	if v["product_id"] != "" {
		o.Name = ""
	}
	var done Movement
	header := http.Header{"Idempotency-Key": {v["key"]}}
	err := p.cfg.Inventory(c, change(http.MethodPost, fmt.Sprintf("/branches/%d/movements", y.Branch.ID), header, o), &done)
	refused, isRefused := errors.AsType[*upstream.Refused](err)
	switch {
	case err == nil:
		c.Redirect(http.StatusSeeOther, fmt.Sprintf("%s?recorded=%d", y.Branch.Path(), done.ID))
	case !isRefused:
		_ = c.Error(err)
		o.Name, _, _ = p.productName(c, y, o.ProductID, v)
		p.confirm(c, http.StatusServiceUnavailable, y, o, v,
			"The stock gave no answer, so nobody knows whether this is recorded. Send it again: it is recorded once, however often it is sent.")
	case refused.Status == http.StatusUnprocessableEntity, refused.Status == http.StatusConflict, refused.Status == http.StatusBadRequest:
		_ = c.Error(err)
		f := y.form(again(refused, v))
		f.blame(objections(refused)...)
		p.showMove(c, http.StatusUnprocessableEntity, y, f)
	default:
		p.fail(c, err, stockAway)
	}
}

// keyReused is inventory's code for a key that stands for another movement: the one that was sent before the form was changed.
const keyReused = "idempotency-key-reused"

// again gives the form a key of its own where the old one is used up.
func again(refused *upstream.Refused, v map[string]string) map[string]string {
	if refused.Code == keyReused {
		v["key"] = rand.Text()
	}
	return v
}

// objections puts what inventory says to the fields that it is about.
func objections(refused *upstream.Refused) []problem.Field {
	switch {
	case refused.Code == keyReused:
		return []problem.Field{{Message: "This form was recorded before it was changed. Look at the movements, and send it again if both are meant"}}
	case refused.Code == "insufficient-stock":
		return []problem.Field{{Name: "quantity", Message: "must leave no less than nothing: somebody was faster"}}
	case len(refused.Fields) > 0:
		return refused.Fields
	default:
		return []problem.Field{{Message: strings.TrimSuffix(refused.Detail, ".")}}
	}
}
