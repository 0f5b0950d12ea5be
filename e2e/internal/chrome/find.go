package chrome

import (
	"fmt"
	"strings"

	"github.com/chromedp/chromedp"
)

// What people read is found by XPath. What only screen readers read belongs to it.

// pressable is the link or button that reads so.
func pressable(name string) chromedp.Search {
	return chromedp.Search(fmt.Sprintf(`//*[self::a[@href] or self::button][normalize-space()=%s]`, quote(name)))
}

// beginning is the link or button whose words begin so.
func beginning(words string) chromedp.Search {
	return chromedp.Search(fmt.Sprintf(`//*[self::a[@href] or self::button][starts-with(normalize-space(),%s)]`, quote(words)))
}

// labelled is the field to which the label points that begins so.
func labelled(label string) chromedp.Search {
	return chromedp.Search(fmt.Sprintf(`//*[@id=//label[starts-with(normalize-space(),%s)]/@for]`, quote(label)))
}

// picked is the radio button or box inside the label that reads so.
func picked(label string) chromedp.Search {
	return chromedp.Search(fmt.Sprintf(`//label[normalize-space()=%s]/input`, quote(label)))
}

// optionOf is the option that begins so, of the list of that label.
func optionOf(label, option string) chromedp.Search {
	return labelled(label) + chromedp.Search(fmt.Sprintf(`/option[starts-with(normalize-space(),%s)]`, quote(option)))
}

// quote makes a text an XPath literal, which knows no escapes: one kind of quote must be absent.
func quote(text string) string {
	if strings.Contains(text, `'`) {
		return `"` + text + `"`
	}
	return `'` + text + `'`
}
