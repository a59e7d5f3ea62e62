// SPDX-License-Identifier: Apache-2.0

package receiverloop

import (
	"testing"

	"github.com/stretchr/testify/require"
)

type settings map[string]any

func (s settings) Get(key string) any { return s[key] }

func TestFractionsOfWhatIsCountedAreRefused(t *testing.T) {
	conf := settings{"whole": 2, "written::with_a_point": 2.0, "text": "2", "half": 2.5, "negative": -0.5}
	require.NoError(t, WholeNumbers(conf, "whole", "written::with_a_point", "text", "absent"))
	require.EqualError(t, WholeNumbers(conf, "half", "whole", "negative"), "\"half\": must be a whole number, got 2.5\n\"negative\": must be a whole number, got -0.5")
}
