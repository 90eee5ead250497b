/* SPDX-License-Identifier: Apache-2.0 */
/* Notebooks for tests, and dice that fall the same each time. */

export function dice(seed: number): (n: number) => number {
  let x = seed >>> 0 || 1;
  return (n) => {
    x ^= x << 13; x >>>= 0;
    x ^= x >>> 17;
    x ^= x << 5; x >>>= 0;
    return x % n;
  };
}

/* With all that tends to get lost: number forms, own members, escapes, odd ends of lines. */
export const sample = `{
 "cells": [
  {
   "cell_type": "markdown",
   "id": "intro",
   "metadata": {
    "tags": [
     "a"
    ],
    "x": 1.0
   },
   "source": [
    "# Title\\n",
    "text with \\u00e9 and é, \\u2028 inside"
   ]
  },
  {
   "cell_type": "code",
   "execution_count": 3,
   "id": "code-1",
   "metadata": {},
   "own": {"kept": 1e3},
   "outputs": [
    {
     "name": "stdout",
     "output_type": "stream",
     "text": [
      "one\\n",
      "two\\n"
     ]
    },
    {
     "data": {
      "application/json": {
       "big": 12345678901234567890,
       "one": 1.0
      },
      "text/plain": [
       "<x>"
      ]
     },
     "execution_count": 3,
     "metadata": {},
     "output_type": "execute_result"
    }
   ],
   "source": [
    "print('one')\\n",
    "x"
   ]
  },
  {
   "cell_type": "raw",
   "id": "raw_1",
   "metadata": {},
   "source": []
  }
 ],
 "metadata": {
  "kernelspec": {
   "display_name": "Python 3",
   "language": "python",
   "name": "python3"
  },
  "own": 2.50
 },
 "nbformat": 4,
 "nbformat_minor": 5
}
`;
