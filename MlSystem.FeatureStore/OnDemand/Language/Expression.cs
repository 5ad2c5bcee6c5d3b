namespace MlSystem.FeatureStore.OnDemand.Language;

/// <summary>A parsed expression.</summary>
/// <param name="Position">Where it stands, in characters from 1.</param>
public abstract record Expression(int Position);

/// <summary>A constant: null, bool, long, double or string.</summary>
public sealed record Literal(object? Value, int Position) : Expression(Position);

/// <summary>A column, with the name of its source where one was written.</summary>
public sealed record ColumnReference(string? Source, string Column, int Position) : Expression(Position);

/// <summary>A function or an operator (by its symbol; <c>-x</c> is <c>negate</c>, <c>x is null</c> is <c>is null</c>).</summary>
public sealed record Call(string Function, IReadOnlyList<Expression> Arguments, int Position) : Expression(Position);
