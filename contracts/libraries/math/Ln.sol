// SPDX-License-Identifier: MIT
pragma solidity ^0.8.31;

/// @title Natural logarithm of a ratio
/// @notice Numbers named Q96 are integers that count units of 2^-96.
/// @dev The ratio is written as m * 2^e with m in [sqrt(1/2), sqrt(2)); then ln = e * ln(2) + 2 * atanh(t), with
///      t = (m - 1) / (m + 1) and |t| < .1716. 2 * atanh(t) / t is a polynomial of degree 7 in t^2 (minimax, 2.0e-19).
///      Horner's rule runs in Q128 and Q192 by turns: two products fit between two shifts.
library Ln {
    /// @dev Coefficients of 2 * atanh(t) / t in t^2. The suffix is the fixed point of each.
    uint256 private constant C0_Q128 = 0x1fffffffffffffe982cd50d935f136a10; // 2 - 2e-19
    uint256 private constant C1_Q192 = 0xaaaaaaaaaab39750e7cb341be7e0efb42db2e79a9c2b9a2e; // 2/3 + 3e-14
    uint256 private constant C2_Q128 = 0x6666666655e0accb93e1d02e9726a173; // 2/5
    uint256 private constant C3_Q192 = 0x49249256de47557e4b3cf8541b1c3522c231d593530b98b2; // 2/7
    uint256 private constant C4_Q128 = 0x38e3882ebb7b3ea6d56182b852bdfa58; // 2/9
    uint256 private constant C5_Q192 = 0x2e8d240d224bc890cf107caefd2beb53b6485e8117277e2b; // 2/11
    uint256 private constant C6_Q128 = 0x272c0eeaf785340079bbbfdaacedb25b; // .1530
    uint256 private constant C7_Q64 = 0x262a970b5dd4cb6e; // .1491

    uint256 private constant LN2_Q96 = 0xb17217f7d1cf79abc9e3b398; // .693147...
    uint256 private constant ONE_Q223 = 1 << 223;
    uint256 private constant SQRT2_Q32 = 0x16a09e668; // 1.414213...

    /// @notice ln(numerator / denominator) in Q96, absolute error below 2.1e-19, and below 3e-18 of itself near 0. Equal arguments give exactly 0.
    /// @dev Requires 0 < numerator < 2^222 and 0 < denominator <= 2^128: the callers check, this does not.
    function ratio(uint256 numerator, uint256 denominator) internal pure returns (int256 lnQ96) {
        assembly ("memory-safe") {
            // The numerator takes as many leading zeros as the product with SQRT2_Q32 needs: no digit is lost.
            let zeros := clz(numerator)
            let quotient := div(shl(sub(zeros, 34), numerator), denominator)
            // Counting after a product with sqrt(2) puts m in [sqrt(1/2), sqrt(2)) rather than in [1, 2).
            let shift := clz(mul(quotient, SQRT2_Q32))
            let m := shl(shift, quotient)
            let t := sdiv(shl(32, sub(m, ONE_Q223)), shr(64, add(m, ONE_Q223))) // Q96
            let u := shr(128, mul(t, t)) // Q64
            let p := add(C6_Q128, mul(u, C7_Q64))
            p := shr(128, add(C5_Q192, mul(u, p)))
            p := add(C4_Q128, mul(u, p))
            p := shr(128, add(C3_Q192, mul(u, p)))
            p := add(C2_Q128, mul(u, p))
            p := shr(128, add(C1_Q192, mul(u, p)))
            p := add(C0_Q128, mul(u, p))
            lnQ96 := add(sar(128, mul(t, p)), mul(sub(257, add(zeros, shift)), LN2_Q96))
        }
    }
}
