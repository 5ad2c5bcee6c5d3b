namespace MlSystem.FeatureStore.OnDemand.Evaluation;

/// <summary>What does not give null merely because an argument is null.</summary>
internal static class SpecialForms
{
    /// <summary>Three-valued: false where one side is false, null where that is not certain.</summary>
    public static Vector And(Vector[] arguments, int rows) => Logic(arguments, rows, decisive: false);

    /// <summary>Three-valued: true where one side is true, null where that is not certain.</summary>
    public static Vector Or(Vector[] arguments, int rows) => Logic(arguments, rows, decisive: true);

    public static Vector IsNull(Vector[] arguments, int rows) =>
        new Vector<bool>(Array.ConvertAll(arguments[0].Valid, valid => !valid), Always(rows));

    /// <summary><c>if(condition, value, …, otherwise)</c>: the first value whose condition is true.</summary>
    public static Kernel If(ColumnType type) => Typed(type, new Choose());

    /// <summary>The first that is not null.</summary>
    public static Kernel Coalesce(ColumnType type) => Typed(type, new FirstValid());

    private static bool[] Always(int rows)
    {
        var valid = new bool[rows];
        Array.Fill(valid, true);
        return valid;
    }

    private static Vector<bool> Logic(Vector[] arguments, int rows, bool decisive)
    {
        var (a, b) = ((Vector<bool>)arguments[0], (Vector<bool>)arguments[1]);
        var (values, valid) = (new bool[rows], new bool[rows]);
        for (var i = 0; i < rows; i++)
        {
            var decided = (a.Valid[i] && a.Values[i] == decisive) || (b.Valid[i] && b.Values[i] == decisive);
            values[i] = decided ? decisive : !decisive;
            valid[i] = decided || (a.Valid[i] && b.Valid[i]);
        }

        return new Vector<bool>(values, valid);
    }

    private static Kernel Typed(ColumnType type, IPick pick) => type switch
    {
        ColumnType.Bool => Pick<bool>(pick),
        ColumnType.Int => Pick<long>(pick),
        ColumnType.Float => Pick<double>(pick),
        ColumnType.Text => Pick<string>(pick),
        ColumnType.Time => Pick<Moment>(pick),
        ColumnType.IntList => Pick<long[]>(pick),
        ColumnType.FloatList => Pick<double[]>(pick),
        _ => Pick<string[]>(pick),
    };

    private static Kernel Pick<T>(IPick pick) => (arguments, rows) =>
    {
        var (values, valid) = (new T[rows], new bool[rows]);
        for (var i = 0; i < rows; i++)
        {
            var chosen = (Vector<T>)arguments[pick.Argument(arguments, i)];
            (values[i], valid[i]) = (chosen.Values[i], chosen.Valid[i]);
        }

        return new Vector<T>(values, valid);
    };

    /// <summary>Which argument gives a row its value.</summary>
    private interface IPick
    {
        int Argument(Vector[] arguments, int row);
    }

    private sealed class Choose : IPick
    {
        public int Argument(Vector[] arguments, int row)
        {
            for (var i = 0; i + 1 < arguments.Length; i += 2)
            {
                if (arguments[i].Valid[row] && ((Vector<bool>)arguments[i]).Values[row])
                {
                    return i + 1;
                }
            }

            return arguments.Length - 1;
        }
    }

    private sealed class FirstValid : IPick
    {
        public int Argument(Vector[] arguments, int row)
        {
            var i = 0;
            while (i + 1 < arguments.Length && !arguments[i].Valid[row])
            {
                i++;
            }

            return i;
        }
    }
}
