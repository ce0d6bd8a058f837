// What OpenZeppelin's own library makes of an epoch's leaves: its root, the seconds that took, and, of the
// proofs given, which ones it verifies. Rows are binary: address (20), status (1), opening (32), top (32).
//
//   node openzeppelin_tree.mjs ROWS [PROOFS]     PROOFS: JSON [[row, [node, …]], …]

import { readFileSync } from 'node:fs';
import { StandardMerkleTree } from '@openzeppelin/merkle-tree';

const TYPES = ['address', 'uint8', 'bytes32', 'bytes32'];
const ROW = 85;

const [rowsFile, proofsFile] = process.argv.slice(2);
const bytes = readFileSync(rowsFile);
const leaves = [];
for (let at = 0; at < bytes.length; at += ROW) {
  const hex = (from, to) => '0x' + bytes.toString('hex', at + from, at + to);
  leaves.push([hex(0, 20), bytes[at + 20], hex(21, 53), hex(53, 85)]);
}

const start = process.hrtime.bigint();
const tree = StandardMerkleTree.of(leaves, TYPES, { sortLeaves: false });
const seconds = Number(process.hrtime.bigint() - start) / 1e9;

const proofs = proofsFile ? JSON.parse(readFileSync(proofsFile, 'utf8')) : [];
const verified = proofs.map(([row, path]) => StandardMerkleTree.verify(tree.root, TYPES, leaves[row], path));
const same = proofs.map(([row, path]) => JSON.stringify(tree.getProof(row)) === JSON.stringify(path));
console.log(JSON.stringify({ root: tree.root, seconds, verified, same }));
