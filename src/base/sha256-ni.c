/* SPDX-License-Identifier: Apache-2.0 */
/*
 * About five times as fast as the portable form: the agent checks a signature
 * over all that a kernel prints, and must not be slower than it. The order of
 * the instructions is that of Intel's SHA extensions paper (2013).
 */
#include "base/sha256-ni.h"

#include "base/macros.h"

#ifdef __x86_64__

#	include <cpuid.h>
#	include <immintrin.h>

#	define SSE41 (1U << 19)
#	define SHA   (1U << 29)

bool sha256_ni_here(void)
{
	unsigned a, b, c, d;

	return __get_cpuid(1, &a, &b, &c, &d) && (c & SSE41) &&
	       __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & SHA);
}

__attribute__((target("sha,sse4.1"))) static __m128i load(const void *p)
{
	return _mm_loadu_si128(p);
}

/* abef and cdgh: the state's words in the order that the instructions want. */
__attribute__((target("sha,sse4.1"))) static void
one_block(__m128i *abef, __m128i *cdgh, const uint8_t *p, const uint32_t k[64])
{
	const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
	__m128i x = *abef, y = *cdgh, w[4];

#	pragma GCC unroll 16
	for (unsigned i = 0; i < 16; i++) {
		__m128i *now = &w[i % 4], wk;

		if (i < 4) {
			*now = _mm_shuffle_epi8(load(p + i * (size_t)16), swap);
		} else {
			*now = _mm_sha256msg1_epu32(*now, w[(i + 1) % 4]);
			*now = _mm_add_epi32(
			    *now, _mm_alignr_epi8(w[(i + 3) % 4], w[(i + 2) % 4], 4));
			*now = _mm_sha256msg2_epu32(*now, w[(i + 3) % 4]);
		}
		wk = _mm_add_epi32(*now, load(k + i * (size_t)4));
		y = _mm_sha256rnds2_epu32(y, x, wk);
		x = _mm_sha256rnds2_epu32(x, y, _mm_shuffle_epi32(wk, 0x0e));
	}
	*abef = _mm_add_epi32(*abef, x);
	*cdgh = _mm_add_epi32(*cdgh, y);
}

__attribute__((target("sha,sse4.1"))) void sha256_ni_blocks(uint32_t h[8], const uint8_t *p,
                                                            size_t n, const uint32_t k[64])
{
	__m128i cdab = _mm_shuffle_epi32(load(h), 0xb1);
	__m128i efgh = _mm_shuffle_epi32(load(h + 4), 0x1b);
	__m128i abef = _mm_alignr_epi8(cdab, efgh, 8);
	__m128i cdgh = _mm_blend_epi16(efgh, cdab, 0xf0);
	__m128i feba, dchg;

	for (; n > 0; n--, p += 64)
		one_block(&abef, &cdgh, p, k);
	feba = _mm_shuffle_epi32(abef, 0x1b);
	dchg = _mm_shuffle_epi32(cdgh, 0xb1);
	_mm_storeu_si128((void *)h, _mm_blend_epi16(feba, dchg, 0xf0));
	_mm_storeu_si128((void *)(h + 4), _mm_alignr_epi8(dchg, feba, 8));
}

#else

bool sha256_ni_here(void)
{
	return false;
}

void sha256_ni_blocks(uint32_t h[8], const uint8_t *p, size_t n, const uint32_t k[64])
{
	(void)h, (void)p, (void)n, (void)k;
	CHECK(false); /* nobody was told that it is here */
}

#endif
