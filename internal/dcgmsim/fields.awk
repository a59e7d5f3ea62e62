# SPDX-License-Identifier: Apache-2.0
# Turns fields.tsv into initializers of dcgm_field_meta_t.
BEGIN { FS = "\t" }
/^#/ { next }
{
	bytes = ($3 == "STRING" || $3 == "BINARY") ? 0 : 8
	scope = ($5 == "NONE") ? "DCGM_FS_GLOBAL" : "DCGM_FS_ENTITY"
	printf "FIELD(%d, DCGM_FT_%s, \"%s\", DCGM_FE_%s, %d, %s)\n", $1, $3, substr($4, 1, 47), $5, bytes, scope
}
