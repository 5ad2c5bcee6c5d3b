namespace MlSystem.FeatureStore.OnDemand.Evaluation;

/// <summary>One form of a function, for arguments of given types. All arguments are required and none may be missing for a result.</summary>
public sealed record Overload(IReadOnlyList<ColumnType> Parameters, ColumnType Result, Kernel Kernel)
{
    public static Overload Of<TA, TR>(Func<TA, Maybe<TR>> function) => new([Types.Of<TA>()], Types.Of<TR>(), (arguments, rows) =>
    {
        var a = (Vector<TA>)arguments[0];
        var (values, valid) = (new TR[rows], new bool[rows]);
        for (var i = 0; i < rows; i++)
        {
            if (a.Valid[i])
            {
                var result = function(a.Values[i]);
                (values[i], valid[i]) = (result.Value, result.IsValid);
            }
        }

        return new Vector<TR>(values, valid);
    });

    public static Overload Of<TA, TB, TR>(Func<TA, TB, Maybe<TR>> function) => new([Types.Of<TA>(), Types.Of<TB>()], Types.Of<TR>(), (arguments, rows) =>
    {
        var (a, b) = ((Vector<TA>)arguments[0], (Vector<TB>)arguments[1]);
        var (values, valid) = (new TR[rows], new bool[rows]);
        for (var i = 0; i < rows; i++)
        {
            if (a.Valid[i] && b.Valid[i])
            {
                var result = function(a.Values[i], b.Values[i]);
                (values[i], valid[i]) = (result.Value, result.IsValid);
            }
        }

        return new Vector<TR>(values, valid);
    });

    public static Overload Of<TA, TB, TC, TR>(Func<TA, TB, TC, Maybe<TR>> function) => new([Types.Of<TA>(), Types.Of<TB>(), Types.Of<TC>()], Types.Of<TR>(), (arguments, rows) =>
    {
        var (a, b, c) = ((Vector<TA>)arguments[0], (Vector<TB>)arguments[1], (Vector<TC>)arguments[2]);
        var (values, valid) = (new TR[rows], new bool[rows]);
        for (var i = 0; i < rows; i++)
        {
            if (a.Valid[i] && b.Valid[i] && c.Valid[i])
            {
                var result = function(a.Values[i], b.Values[i], c.Values[i]);
                (values[i], valid[i]) = (result.Value, result.IsValid);
            }
        }

        return new Vector<TR>(values, valid);
    });

    public static Overload Of<T, TR>(Func<T, T, T, T, Maybe<TR>> function) => new([.. Enumerable.Repeat(Types.Of<T>(), 4)], Types.Of<TR>(), (arguments, rows) =>
    {
        var columns = Array.ConvertAll(arguments, argument => (Vector<T>)argument);
        var (values, valid) = (new TR[rows], new bool[rows]);
        for (var i = 0; i < rows; i++)
        {
            if (Array.TrueForAll(columns, column => column.Valid[i]))
            {
                var result = function(columns[0].Values[i], columns[1].Values[i], columns[2].Values[i], columns[3].Values[i]);
                (values[i], valid[i]) = (result.Value, result.IsValid);
            }
        }

        return new Vector<TR>(values, valid);
    });

    public override string ToString() => $"({string.Join(", ", Parameters.Select(parameter => parameter.Name()))})";
}
