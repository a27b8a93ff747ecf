// SPDX-License-Identifier: MIT
pragma solidity ^0.8.31;

/// @notice The rational function of `MillsRatio` in checked Solidity, straight from its list of coefficients.
library PlainMillsRatio {
    function ratio(uint256 xQ64) internal pure returns (uint256) {
        uint256[8] memory p = [
            0x7394119ce597e6b9f444171ea694a66d5fcf8b3f5e07b0fa39e0,
            0x860f6ec0a3e1be84837ba9263b7982e0fcbc,
            0x4ddec4d342ad5cc0ea89482cf588b042bf715c658c71f4e58c50,
            0x1bda2bde9161aaf447b079d63e4df5170b65,
            0x6864d784baab7c533f6e9f19ea5564de93bd369ea330cc7fd3a,
            0xfe8446ff8730de6222a91b7b3007410dca,
            0x1759e879c0e0da7ac7,
            uint256(1)
        ];
        uint256[9] memory q = [
            0x5c37dcffe69df4785751729adb41c265525b,
            0xb48b4b889810a70a50dcb7b60657ea12761286cd9fd5cf1bac00,
            0xa0135fe493fe18b6757c3f7681229d606d33,
            0x5432ffe710f06023da63bd84ecd695e84e9c9c1fab23b801ac10,
            0x1cd6fe6d1017f1c2d3ef077dc507b303732f,
            0x69da22b395ccaf291d1e5c92c194bc4577ab275a1dae2162d19,
            0xff84811efc50789f8c46078443e1242fa4,
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
