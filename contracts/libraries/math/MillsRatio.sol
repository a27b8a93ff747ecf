// SPDX-License-Identifier: MIT
pragma solidity ^0.8.31;

/// @title Mills ratio of the standard normal distribution
/// @notice R(x) = N(-x) / n(x): the upper tail over the density. It has no exponential in it, so that the two tails of
///         an option price share the one exponential of their common density.
/// @dev One rational function P7 / Q8, minimax with weight n(x) on [0, 9.2]: |n(x) * (P/Q - R)| <= 6.0e-19, and beyond
///      9.2 the density is so small that the same function serves. Every coefficient is positive and both leading ones
///      are 1: nothing cancels, nothing changes sign, and the first step of Horner's rule is an addition. x is in Q64,
///      so that three products fit between two shifts (Q64, Q128, Q192, back to Q64).
library MillsRatio {
    uint256 private constant P6_Q64 = 0x1759e879c0e0da7ac7; // 23.351203...
    uint256 private constant P5_Q128 = 0xfe8446ff8730de6222a91b7b5d1d764c48; // 254.516708...
    uint256 private constant P4_Q192 = 0x6864d784baab7c533f6e9f1a040962516d47ac0a0704657c213; // 1670.302616...
    uint256 private constant P3_Q128 = 0x1bda2bde9161aaf447b079d646de407ea3ca; // 7130.171364...
    uint256 private constant P2_Q192 = 0x4ddec4d342ad5cc0ea89482d11e2dbdc849de019be3586d31b8c; // 19934.768848...
    uint256 private constant P1_Q128 = 0x860f6ec0a3e1be84837ba92673860385ba0e; // 34319.432626...
    uint256 private constant P0_Q192 = 0x7394119ce597e6b9f444171ede7dd2ee9d8ca2c1fd706d421d3f; // 29588.068800...

    uint256 private constant Q7_Q64 = 0x1759e73a7cd899fc13; // 23.351184...
    uint256 private constant Q6_Q128 = 0xff84811efc50789f8c46078470f7d070f5; // 255.517595...
    uint256 private constant Q5_Q192 = 0x69da22b395ccaf291d1e5c92db6c5bf758a9731658538b79908; // 1693.633472...
    uint256 private constant Q4_Q128 = 0x1cd6fe6d1017f1c2d3ef077dcdc590d1ab63; // 7382.993851...
    uint256 private constant Q3_Q192 = 0x5432ffe710f06023da63bd850ac2c6210685bd1c43434173e708; // 21554.999619...
    uint256 private constant Q2_Q128 = 0xa0135fe493fe18b6757c3f76c1889210efe0; // 40979.374581...
    uint256 private constant Q1_Q192 = 0xb48b4b889810a70a50dcb7b656a869961ef7559f6da7216f3718; // 46219.295053...
    uint256 private constant Q0_Q128 = 0x5c37dcffe69df4785751729b07de0510c63b; // 23607.863279...

    /// @notice R(x) in Q64, from 1.2533 at 0 down to .0622 at 16.
    /// @dev Requires xQ64 < 16 * 2^64.
    function ratio(uint256 xQ64) internal pure returns (uint256 ratioQ64) {
        assembly ("memory-safe") {
            let p := add(P6_Q64, xQ64)
            p := add(P5_Q128, mul(xQ64, p))
            p := shr(128, add(P4_Q192, mul(xQ64, p)))
            p := add(P3_Q128, mul(xQ64, p))
            p := shr(128, add(P2_Q192, mul(xQ64, p)))
            p := add(P1_Q128, mul(xQ64, p))
            p := add(P0_Q192, mul(xQ64, p))

            let q := add(Q7_Q64, xQ64)
            q := add(Q6_Q128, mul(xQ64, q))
            q := shr(128, add(Q5_Q192, mul(xQ64, q)))
            q := add(Q4_Q128, mul(xQ64, q))
            q := shr(128, add(Q3_Q192, mul(xQ64, q)))
            q := add(Q2_Q128, mul(xQ64, q))
            q := shr(128, add(Q1_Q192, mul(xQ64, q)))
            q := add(Q0_Q128, mul(xQ64, q))

            ratioQ64 := div(p, q)
        }
    }
}
