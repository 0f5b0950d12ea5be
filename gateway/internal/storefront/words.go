package storefront

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"storefront/shared/auth"
	"storefront/shared/problem"
)

// words are what people read of a problem: what has happened, and what they can do.
type words struct {
	Heading, Next string
	Enough        bool // the problem's own detail would tell them nothing
}

var wordsOf = map[int]words{
	http.StatusBadRequest:                  {Heading: "This is not an address of the shop", Next: "It may have been cut off on its way. Start from the shop itself."},
	http.StatusUnauthorized:                {Heading: "Please sign in first", Next: "Sign in, and you come back to this page.", Enough: true},
	http.StatusForbidden:                   {Heading: "This came from somewhere else", Next: "Nothing was changed. Open the page here, and use its own form."},
	http.StatusNotFound:                    {Heading: "We cannot find this", Next: "The address may be misspelt, or what was here is no longer sold."},
	http.StatusMethodNotAllowed:            {Heading: "This cannot be done here", Next: "Nothing was changed. Go back, and use the page's own form.", Enough: true},
	http.StatusConflict:                    {Heading: "Somebody was faster", Next: "Nothing was changed. Go back, load the page anew, and look again."},
	http.StatusRequestEntityTooLarge:       {Heading: "This is too much at once", Next: "Nothing was changed. Go back, and write a shorter text.", Enough: true},
	http.StatusRequestURITooLong:           {Heading: "This address is too long", Next: "Shorten it: a search finds no more with a long text than with a few words.", Enough: true},
	http.StatusTooManyRequests:             {Heading: "One moment, please", Next: "There were many requests from your network. Wait a minute, and try again.", Enough: true},
	http.StatusRequestHeaderFieldsTooLarge: {Heading: "Your browser sends too much along", Next: "Most often those are old cookies. Delete the cookies of this site in your browser's settings, and try again; nothing that you have saved is lost, and you sign in anew.", Enough: true},
	http.StatusInternalServerError:         {Heading: "Something broke on our side", Next: "This is our fault, not yours. Try again in a moment.", Enough: true},
}

// wordsOfCode are those of problems that their status alone does not tell: a sign-in has failed, and not a page.
var wordsOfCode = map[string]words{
	"login-refused":        {Heading: "Signing in was not completed", Next: "It was cancelled, or took too long. Nothing was changed: begin again.", Enough: true},
	"login-untrusted":      {Heading: "Signing in did not work", Next: "The answer of the sign-in server could not be verified, so nobody was signed in. This is our fault, not yours: begin again in a moment.", Enough: true},
	"identity-unavailable": {Heading: "Nobody can sign in right now", Next: "The sign-in server does not answer, which passes most of the time. Begin again in a moment.", Enough: true},
}

// away is for whatever passes by itself.
var away = words{Heading: "The shop is catching its breath", Next: "This is our fault, and passes most of the time. Try again in a moment."}

// wordsFor gives a problem its words, by its code before its status. A 403 that lacks a role says for whom the page is.
func wordsFor(c *gin.Context, d problem.Document) words {
	w, ok := wordsOfCode[d.Code]
	if !ok {
		w, ok = wordsOf[d.Status]
	}
	switch {
	case d.Status == http.StatusForbidden && len(auth.Needed(c)) > 0:
		return words{Heading: "This page is for " + audience(c), Next: remedy(c)}
	case ok:
		return w
	case d.Status > http.StatusInternalServerError:
		return away
	default:
		return words{Heading: d.Title}
	}
}

// audience says whom the route lets in: of managers, at the page of a branch, its own.
func audience(c *gin.Context) string {
	var groups []string
	for _, role := range auth.Needed(c) {
		group := strings.ReplaceAll(string(role), "-", " ") + "s"
		if role == auth.BranchManager && ofBranch(c) {
			group = "the managers of branch " + c.Param("id")
		}
		groups = append(groups, group)
	}
	return strings.Join(groups, " and ")
}

// ofBranch reports whether the id in the path is a branch's.
func ofBranch(c *gin.Context) bool {
	return strings.HasPrefix(c.FullPath(), "/stock/:id") || strings.HasPrefix(c.FullPath(), "/branches/:id")
}

// remedy says how to be let in. Roles stand in the token, which is the sign-in's; whose a branch is, inventory knows at each request.
func remedy(c *gin.Context) string {
	if caller, _ := auth.From(c); caller.Has(auth.Needed(c)...) && ofBranch(c) {
		return "An admin can give you the branch, which counts at once, or come in as somebody who has it."
	}
	return "Ask an admin for the role, which counts from your next sign-in on, or come in as somebody who has it."
}

// standing says which roles somebody has, and which the route needs.
func standing(c *gin.Context, roles []auth.Role) string {
	return fmt.Sprintf("You are %s; this needs %s.", cmp.Or(listed(roles, " and "), "signed in without a role"), needs(c))
}

// needs names the roles that the route lets in, at the page of a branch with the branch.
func needs(c *gin.Context) string {
	list := listed(auth.Needed(c), " or ")
	if ofBranch(c) {
		list = strings.ReplaceAll(list, string(auth.BranchManager), string(auth.BranchManager)+" of branch "+c.Param("id"))
	}
	return list
}

func listed(roles []auth.Role, and string) string {
	names := make([]string, len(roles))
	for i, role := range roles {
		names[i] = string(role)
	}
	return strings.Join(names, and)
}
