// SPDX-License-Identifier: Apache-2.0

package sampling

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

const seeds = 15

// random is eight hours of traffic in spells of any length, idle, good, bad or mixed, with pauses.
func random(seed uint64) *story {
	r := rand.New(rand.NewPCG(seed, 0))
	passes := func(atMost int) int { return passSeconds << r.IntN(atMost) }
	items := map[int][2]float64{}
	for begin := passes(12); begin < 8*hour; begin += r.IntN(2) * passes(12) {
		good, bad := float64(r.IntN(2)<<r.IntN(20)), float64(r.IntN(2)<<r.IntN(20))
		end, step := begin+passes(12), passes(8)
		for ; begin < end; begin += step {
			items[begin] = [2]float64{good, bad}
		}
	}
	return &story{name: fmt.Sprintf("random %d", seed), minutes: 8 * 60, traffic: func(second int) (good, bad float64) {
		return items[second][0], items[second][1]
	}}
}

// anyTraffic are the stories and random ones.
func anyTraffic() []*story {
	var all []*story
	for i := range stories {
		all = append(all, &stories[i])
	}
	for seed := range uint64(seeds) {
		all = append(all, random(seed))
	}
	return all
}

func TestOnlyBadItemsSpend(t *testing.T) {
	for _, s := range anyTraffic() {
		t.Run(s.name, func(t *testing.T) {
			before := Objective{BudgetRemaining: 1, Current: 1, BurnRates: make([]BurnRate, len(threeWindows))}
			s.play(s.end(), func(second int, good, bad float64, o Objective) {
				if bad == 0 {
					requireNoMoreSpent(t, before, o, 0, second)
				}
				if good+bad == 0 && o.Current < before.Current {
					require.Fail(t, "less is good", "%v, not %v, at %d s", o.Current, before.Current, second)
				}
				before = o
			})
		})
	}
}

// requireNoMoreSpent takes no burn rate above that of the other objective, but for a rounding
// error, and no budget below.
func requireNoMoreSpent(t *testing.T, than, got Objective, rounding float64, second int) {
	t.Helper()
	if got.BudgetRemaining < than.BudgetRemaining-rounding {
		require.Fail(t, "less budget remains", "%v, not %v, at %d s", got.BudgetRemaining, than.BudgetRemaining, second)
	}
	for i, burn := range got.BurnRates {
		if burn.Rate > than.BurnRates[i].Rate+rounding || burn.BadPasses > than.BurnRates[i].BadPasses {
			require.Fail(t, "more is burnt", "%+v, not %+v, at %d s", burn, than.BurnRates[i], second)
		}
	}
}

// What one more item does to the pass it belongs to, whatever came before.
func TestOneMoreItemOfAPass(t *testing.T) {
	for _, s := range anyTraffic() {
		t.Run(s.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(uint64(len(s.name)), uint64(s.minutes)))
			for range 3 {
				second := passSeconds * (1 + r.IntN(s.end()/passSeconds))
				with := func(good, bad float64) Objective {
					more := story{traffic: each(s.traffic, once(second, good, bad))}
					return more.at(t, second)
				}
				without := with(0, 0)
				for _, items := range []float64{1, 8192} {
					requireNoMoreSpent(t, without, with(items, 0), 1e-9, second)
					requireNoMoreSpent(t, with(0, items), without, 1e-9, second)
				}
			}
		})
	}
}
