namespace MlSystem.FeatureStore.OnDemand.Evaluation;

/// <summary>Types of the expression language. Every datatype is read as one of them; INT32 widens to Int, FP32 to Float, exactly.</summary>
public enum ColumnType
{
    /// <summary>Of the literal null: fits every type.</summary>
    Null,
    Bool,
    Int,
    Float,
    Text,
    Time,
    IntList,
    FloatList,
    TextList,
}

/// <summary>A moment.</summary>
/// <param name="Us">Microseconds since 1970-01-01T00:00:00Z.</param>
public readonly record struct Moment(long Us);

/// <summary>One column of values of one type, some of them missing.</summary>
public abstract class Vector(bool[] valid)
{
    /// <summary>False: the value of that row is missing.</summary>
    public bool[] Valid { get; } = valid;

    public int Rows => Valid.Length;
}

/// <summary>A column of <c>bool</c>, <c>long</c>, <c>double</c>, <c>string</c>, <see cref="Moment"/> or lists.</summary>
public sealed class Vector<T>(T[] values, bool[] valid) : Vector(valid)
{
    public T[] Values { get; } = values;
}

/// <summary>A value or nothing. A number that is not finite is nothing: features are finite or missing.</summary>
public readonly struct Maybe<T>
{
    private Maybe(T value, bool isValid) => (Value, IsValid) = (value, isValid);

    public T Value { get; }

    public bool IsValid { get; }

    public static Maybe<T> None => default;

    public static implicit operator Maybe<T>(T? value) =>
        value is null || (value is double number && !double.IsFinite(number)) ? default : new Maybe<T>(value, true);
}
