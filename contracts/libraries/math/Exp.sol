// SPDX-License-Identifier: MIT
pragma solidity ^0.8.31;

/// @title Natural exponential
/// @notice Numbers named Q96 are integers that count units of 2^-96.
/// @dev x = exponent * ln(2) + r with |r| <= ln(2) / 2, and e^r = (c + r) / (c - r) with c = r * coth(r / 2), an even
///      function: a polynomial of degree 5 in r^2 (minimax, 1.5e-18, of which e^r feels at most a sixth).
library Exp {
    /// @dev Coefficients of r * coth(r / 2) in r^2. C2 and C4 are negative and therefore subtracted.
    uint256 private constant C0_Q128 = 0x2000000000000001c4b265f28175ba80b; // 2 + 1.5e-18
    uint256 private constant C1_Q192 = 0x2aaaaaaaaaaa6863166f2ab812c32f1445a1956809247121; // 1/6
    uint256 private constant MINUS_C2_Q128 = 0xb60b60b5f237ce9baecb31aa5bc5cc; // 1/360
    uint256 private constant C3_Q192 = 0x4559aab81f92e5a55ec582e426ffa710b4c19f558ad54; // 1/15120
    uint256 private constant MINUS_C4_Q128 = 0x1bbd3f6dcc72ff8e22fdd1acc313; // 1/604812
    uint256 private constant C5_Q64 = 0xb1b42997c7; // 4.137e-8

    uint256 private constant LN2_Q96 = 0xb17217f7d1cf79abc9e3b398; // .693147...
    uint256 private constant LOG2E_Q95 = 0xb8aa3b295c17f0bbbe87fed0; // 1.442695...
    uint256 private constant HALF_Q191 = 1 << 190;

    /// @notice e^x as mantissa * 2^exponent, the mantissa in Q128 and in [sqrt(1/2), sqrt(2)], relative error below 3e-19.
    /// @dev Requires |xQ96| < 2^158. e^0 is exactly 1.
    function parts(int256 xQ96) internal pure returns (uint256 mantissaQ128, int256 exponent) {
        assembly ("memory-safe") {
            exponent := sar(191, add(HALF_Q191, mul(LOG2E_Q95, xQ96)))
            let r := sub(xQ96, mul(LN2_Q96, exponent))
            let u := shr(128, mul(r, r)) // Q64
            let c := sub(mul(u, C5_Q64), MINUS_C4_Q128)
            c := sar(128, add(C3_Q192, mul(u, c)))
            c := sub(mul(u, c), MINUS_C2_Q128)
            c := sar(128, add(C1_Q192, mul(u, c)))
            c := sar(32, add(C0_Q128, mul(u, c))) // Q96
            mantissaQ128 := div(shl(128, add(c, r)), sub(c, r))
        }
    }

    /// @notice e^x in Q96, rounded down. Below 2^-96 it is 0.
    /// @dev Requires -2^158 < xQ96 <= 22 * 2^96: e^22 is the last power of which every digit is known in Q96.
    function exp(int256 xQ96) internal pure returns (uint256 resultQ96) {
        (uint256 mantissaQ128, int256 exponent) = parts(xQ96);
        // A shift by 256 or more leaves 0, as it should.
        unchecked {
            resultQ96 = mantissaQ128 >> uint256(32 - exponent);
        }
    }
}
