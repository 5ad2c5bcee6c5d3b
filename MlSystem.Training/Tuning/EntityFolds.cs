using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using MlSystem.Training.Data;

namespace MlSystem.Training.Tuning;

/// <summary>Folds by a hash of seed and entity: all rows of an entity are in one fold, so none is learned from and judged at once.</summary>
internal static class EntityFolds
{
    /// <summary>The fold of each row, from 0.</summary>
    /// <param name="keys">Entity columns; without any, rows that are alike in everything are one entity.</param>
    public static int[] Of(RowTable rows, IReadOnlyList<string> keys, int folds, long seed)
    {
        string[] columns = [.. keys.Count > 0 ? keys : rows.Names];
        var fold = new int[rows.Rows];
        for (var row = 0; row < fold.Length; row++)
        {
            var entity = string.Create(CultureInfo.InvariantCulture, $"fold|{seed}|{string.Join('|', columns.Select(c => rows[c][row]))}");
            fold[row] = (int)(BinaryPrimitives.ReadUInt32BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(entity))) / (uint.MaxValue + 1.0) * folds);
        }

        return fold;
    }

    /// <summary>Rows outside and inside of a fold.</summary>
    public static (RowTable Train, RowTable Held) Sides(RowTable rows, int[] folds, int fold)
    {
        var all = Enumerable.Range(0, rows.Rows).ToLookup(r => folds[r] == fold);
        return (rows.Select([.. all[false]]), rows.Select([.. all[true]]));
    }
}
