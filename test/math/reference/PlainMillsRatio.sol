// SPDX-License-Identifier: MIT
pragma solidity ^0.8.31;

/// @notice The rational function of `MillsRatio` in checked Solidity, straight from its list of coefficients.
library PlainMillsRatio {
    function ratio(uint256 xQ64) internal pure returns (uint256) {
        uint256[8] memory p = [
            0x7394119ce597e6b9f444171ede7dd2ee9d8ca2c1fd706d421d3f,
            0x860f6ec0a3e1be84837ba92673860385ba0e,
            0x4ddec4d342ad5cc0ea89482d11e2dbdc849de019be3586d31b8c,
            0x1bda2bde9161aaf447b079d646de407ea3ca,
            0x6864d784baab7c533f6e9f1a040962516d47ac0a0704657c213,
            0xfe8446ff8730de6222a91b7b5d1d764c48,
            0x1759e879c0e0da7ac7,
            uint256(1)
        ];
        uint256[9] memory q = [
            0x5c37dcffe69df4785751729b07de0510c63b,
            0xb48b4b889810a70a50dcb7b656a869961ef7559f6da7216f3718,
            0xa0135fe493fe18b6757c3f76c1889210efe0,
            0x5432ffe710f06023da63bd850ac2c6210685bd1c43434173e708,
            0x1cd6fe6d1017f1c2d3ef077dcdc590d1ab63,
            0x69da22b395ccaf291d1e5c92db6c5bf758a9731658538b79908,
            0xff84811efc50789f8c46078470f7d070f5,
            0x1759e73a7cd899fc13,
            uint256(1)
        ];
        uint256 numerator = p[7];
        for (uint256 i = 7; i != 0; --i) {
            numerator = p[i - 1] + xQ64 * numerator;
            // Coefficients 2 and 4 are in Q192: from there back to Q64. Coefficient 0 stays.
            if (i == 5 || i == 3) numerator /= 2 ** 128;
        }
        uint256 denominator = q[8];
        for (uint256 i = 8; i != 0; --i) {
            denominator = q[i - 1] + xQ64 * denominator;
            if (i == 6 || i == 4 || i == 2) denominator /= 2 ** 128;
        }
        return numerator / denominator;
    }
}
